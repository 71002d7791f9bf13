// Package peers has the unary client interceptors that are measured beside
// each other: afloat's, and what a user of gobreaker or of failsafe-go writes.
// Each guards every method with a circuit breaker and a bulkhead of its own.
package peers
