// Package structs turns google.protobuf.Struct, of which nobody knows the fields, into
// Go values that say what they have, and back. It is strict: what a Go type has no field
// for is a fault. It reports all faults at once, in the words of package strictyaml.
//
// Fields have the names of their json tags, else their Go names. There may be truths,
// numbers, text, durations written as in 250ms, whatever reads and writes itself as text
// (encoding.TextUnmarshaler), and pointers, lists, maps and structs of them.
package structs
