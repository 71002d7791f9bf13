// Package strictyaml reads YAML into a proto message and refuses whatever it does
// not understand: unknown and repeated fields, values of a wrong type, empty
// values, aliases, anchors, merge keys, tags and more documents than one. It
// reports all faults at once, with line and column, in the words of those who write
// such files. JSON is read as the YAML that it is.
//
// Fields have the names of the .proto file or their JSON names. Durations are
// written as in 250ms, 5s or 1m30s; values of enums without their prefix and in
// lower case, or as in the .proto file.
//
// Size and depth are bounded before anything is built. Names are bounded, and text
// that cannot be printed is told escaped.
package strictyaml
