// Package live keeps the system running for a person to play with: it asks for pages
// and places orders at a light rate, and serves one local page that shows the
// services, their circuits and places, what a client gets, and what happened, with
// switches that make backends sick and a slider that lets more visitors come.
//
// It binds to loopback only. What changes something needs a POST from the page itself.
package live
