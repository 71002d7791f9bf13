// Package overload keeps a server useful that is asked for more than it can do. A
// controller admits as many calls as can be answered in time, and refuses the least
// critical ones first. It takes no number: how many calls that are it finds out, and goes
// on finding out.
//
//	opts := interceptors.ServerOptions(rules, interceptors.WithOverloadControl())
//
// # How many
//
// Of the calls in flight, as few are admitted as keep the bottleneck busy, whatever that
// is: processors, a lock, a pool of connections, a disk. While all places are taken, the
// controller tries fewer now and then and keeps to fewer if as much is finished, and more
// if more is. Calls that fail count as not finished. Where calls wait while they take no
// longer than usual, there are more places at once.
//
// Processors are special, since handlers that only compute never meet: while goroutines
// wait for a processor, each call lets the others in before it begins, so that those that
// wait are seen here and not in Go's run queue.
//
// # Which ones
//
// A burst waits, as long as deadlines allow, in order of arrival. In a crowd the most
// critical calls come first, see package criticality, and a queue that goes on standing
// shortens what calls may wait in it, down to about what is usual without overload; then
// the newest come first, whose callers still wait for certain. The others are refused at
// once, within a class the lowest cohorts first.
//
// A call that has less time left than nine in ten calls of its method take is not begun.
//
// # Refusals
//
// They are RESOURCE_EXHAUSTED with the reason OVERLOADED, a RetryInfo, and, from a server,
// the trailer grpc-retry-pushback-ms. A breaker in the caller counts them as shed.
//
// # Streams
//
// A server's stream has a place while its handler is at work on a message, and none while
// it is only open. A message that has come is never refused.
//
// # Clients
//
// On a client a controller is a limit on the calls in flight to one target that needs no
// number: places are added while calls are answered in good time, and taken away while they
// are not, or while the server refuses many, so that equal clients get about equal shares. It
// never lets others run first, since the work is not done here.
//
// # Limits
//
// A controller sees its own process. It cannot tell a dependency that hangs from work that
// waits until it has tried, which takes a moment. It does not end calls that have begun,
// and memory counts in package pressure, but moves no limit.
package overload
