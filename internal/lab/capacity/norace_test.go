//go:build !race

package capacity

// oneOf says of how many runs one is made.
const oneOf = 1
