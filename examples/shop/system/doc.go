// Package system starts and stops everything that runs: the backends, each a gRPC
// server of its own with a fault that can be switched on and off, the dashboard
// that asks them, and the edge that asks the dashboard. Whoever plays on it, a
// scripted story or a person, finds here what there is to call, to break and to
// look at.
package system
