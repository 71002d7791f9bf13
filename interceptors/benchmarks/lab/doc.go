// Lab sets guards against worlds, in virtual time, and writes what they do: the page
// docs/scenarios.md and its charts. The worlds, and the driver that orders events, are in
// package internal/lab.
//
//	go run ./lab                    compare the page with what is found now
//	go run ./lab -update            write it
//	go run ./lab -only flaps,fleet  print what is promised of some worlds, and how it is
//
// It ends with an error if the page differs, or a promise is missed.
package main
