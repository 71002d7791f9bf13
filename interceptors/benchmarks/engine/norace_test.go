//go:build !race

package main

// raceEnabled says that the race detector is on, which makes code allocate.
const raceEnabled = false
