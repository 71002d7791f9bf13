// Command house looks after afloat's source: its layout, what it exports, what it
// depends on and where it compiles.
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
//	house licences [-root ../..] -list file module...
//
// compares the licences of the dependencies of modules, which are folders below the
// root, with a list of those that are allowed.
//
//	house targets [-root ../..] system/architecture...
//
// type-checks the module at the root, tests and dependencies included, for other
// systems.
//
// It exits 0 if all is well, 1 if a bound is passed or something is there that must
// not be, and 2 if it cannot tell.
package main
