// Package backend is the five services behind the dashboard: users, metrics,
// alerts, activity and recommendations. Each is a gRPC server of its own that
// answers from the store.
//
// A server runs every call under one policy, meant for injected faults, and
// counts the calls that arrive before that policy sees them.
package backend
