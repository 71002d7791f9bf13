//go:build race

package degrade_test

// raceEnabled says that the race detector is on, which makes code allocate.
const raceEnabled = true
