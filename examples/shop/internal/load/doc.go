// Package load asks at a steady rate, whatever becomes of the questions asked
// before: an open loop, as users are. A request's latency counts from when it
// was due, so that a stall of the client or the server is seen by every request
// it held up and not by one alone.
package load
