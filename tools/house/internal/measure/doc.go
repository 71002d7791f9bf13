// Package measure reads Go source and measures how it is laid out: where the
// methods of types are, how long files and functions are, how many names are
// exported, and how doc comments begin. [Bounds] say what is too much.
//
// Tests, generated files and testdata are not measured.
package measure
