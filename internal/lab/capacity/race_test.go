//go:build race

package capacity

// oneOf says of how many runs one is made: the race detector makes each ten times as long.
const oneOf = 8
