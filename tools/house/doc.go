// Command house looks after the layout of afloat's source.
//
//	house measures [-root ../..]
//
// prints tables of how the source is laid out (see package measure) and fails,
// naming file and line, where a bound is passed.
//
//	house api [-root ../..] -out folder
//
// writes a listing of what each public package exports, one file a package, one
// line a name.
//
// It exits 0 if all is well, 1 if a bound is passed, and 2 if it cannot tell.
package main
