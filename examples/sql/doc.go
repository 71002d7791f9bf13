// Package sql puts the calls of a database under afloat's policies, and repeats those that
// may be repeated. Its driver is written in Go, so that nothing need be installed; any other
// will do. docs/policies.md goes through it.
package sql
