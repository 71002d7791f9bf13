// Package backend is the services that others are made of: users, metrics, alerts,
// activity, recommendations and history, which answer from the store; payments, which
// keeps the ledger; and inventory, which keeps the stock.
//
// A server has one of them. It runs every call under one policy, meant for injected
// faults, and counts the calls that arrive before that policy sees them.
package backend
