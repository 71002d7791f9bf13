package contain_test

import (
	"testing"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
)

func TestPanicIsDropped(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){"panics": func() { panic("oops") }, "returns": func() {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			returned := func() (returned bool) {
				defer contain.Panic()
				f()
				return true
			}()
			if want := name == "returns"; returned != want {
				t.Errorf("returned: %v; want %v", returned, want)
			}
		})
	}
}
