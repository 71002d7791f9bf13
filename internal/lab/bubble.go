package lab

import (
	"testing"
	"testing/synctest"
)

// Virtually runs f in virtual time: time moves when every goroutine that f started, and
// f itself, waits. It also works in a program that is no test: of the testing.T that
// synctest asks for, it only uses what the zero T has.
func Virtually(f func()) { synctest.Test(new(testing.T), func(*testing.T) { f() }) }
