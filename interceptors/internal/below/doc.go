// Package below remembers, for one request, which errors came from below: those that
// guarded calls returned which were made to answer it. A server that must not show its
// callers such errors puts a [Record] into the context of each request. Whatever
// returns the error of a guarded call passes it through [Note]; where there is no
// Record, that costs one look-up in the context of a failed call.
//
// A Record is bounded. Where it cannot tell, it says "from below".
package below
