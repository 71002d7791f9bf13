// Package proof is the home of programs that nobody here wrote, under the built-in rule, beside
// the same programs without it. Nothing in it is for programs that import afloat. README.md says
// what there is and how it is run.
package proof
