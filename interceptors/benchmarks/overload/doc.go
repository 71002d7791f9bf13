//go:build linux

// Command overload asks one server for more than it can do, in the way that a crowd asks:
// an open loop, arrivals by chance, a deadline of 250 ms, one call in five critical. It
// compares what is answered in time without a guard, with the best fixed number of places
// that a search finds, with failsafe-go's adaptive limiter and its prioritizer, go-zero's
// shedder, aegis' BBR, and with afloat's overload control, none of which has anything set.
//
// The generator and the server are processes of their own, each on one core; with
// -procs 2 they share two. Before each group the server's peak is measured, since it moves
// with the machine. Goodput is a share of the ceiling, which is what is left of the peak
// when what the refusals cost is taken off.
//
// A run in which another machine took more than a twentieth of the time, or in which the
// generator was late by more than 10 ms for one call in a hundred, is made again.
//
// It is for Linux: it binds processes to cores and waits with timers of the kernel, which
// take as long under load as without.
package main
