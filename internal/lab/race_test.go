//go:build race

package lab_test

// raceEnabled says that the race detector is on, which makes code allocate.
const raceEnabled = true
