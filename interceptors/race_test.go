//go:build race

package interceptors_test

// raceEnabled says that the race detector is on, which makes code allocate.
const raceEnabled = true
