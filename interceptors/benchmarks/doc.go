// Package benchmarks measures afloat beside its peers. It is a module of its
// own, so that users of afloat compile none of them.
//
//	gather     a plan of package fanout beside errgroup, conc, go-zero and failsafe-go
//	guard      a guarded call, function and stream, and a call end to end, beside gobreaker and failsafe-go: the promises
//	story      what users see of a fault, with and without guards
//	lab        guards against worlds, in virtual time: docs/scenarios.md, and what is promised of the breaker
//	soak       three tiers with everything on and every fault at random: what is promised holds
//	size       what each library adds to the size of a client
//	peers      the interceptors that are measured
//	measure    rounds that take turns in random order, medians of their ratios, allocations, CPU time
//	gateway    grpc-gateway before a service, for docs/partial-responses.md
//	migration  the code of docs/migrating.md, before and after
//
// Figures of one run can be compared with each other and with nothing else:
// read the ratios, not the nanoseconds.
package benchmarks
