//go:build race

package condition_test

// raceEnabled says that the race detector is on, which makes code allocate.
const raceEnabled = true
