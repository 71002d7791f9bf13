// Command soak runs three tiers with everything on and every fault at random, and checks
// all the while that what afloat promises holds:
//
//	go run ./soak -for 10m -seed 7 -callers 64
//
// Callers call a front over loopback; the front gathers from two backends that have the
// interceptors and from one that has not and is hostile. Backends fail, hang, slow down,
// break their connections and restart; callers cancel, have no time, drop streams and
// send hostile metadata; rules change in files. The choices come from the seed, but the
// scheduler's do not, so a seed gives a like run and not the same one.
//
// What is checked:
//
//	places     no bulkhead is ever above its cap, counted by a policy of the soak's own
//	           and by functions; at the end all places are free
//	settled    each permit is settled exactly once
//	markers    a value says in itself who made it, for which call and user, and the
//	           backends write down what they did: the response must mark exactly that
//	users      nobody gets a value that was made for somebody else
//	edge       the front's callers see no source of a marker and no text of a backend
//	errors     codes and refusals are ones that something in the run explains
//	telemetry  counters agree with the books of callers and of the front
//	memory     the heap after a collection does not grow
//	ends       goroutines and connections are back where they were
//
// It exits with 1 at the first promise that does not hold, and says which.
package main
