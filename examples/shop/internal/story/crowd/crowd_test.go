package crowd

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/orders"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/overload"
)

// tellInMemory tells the act in virtual time and returns what it printed, and what the
// overload control has found out, if there is one.
func tellInMemory(t *testing.T, guarded bool) (string, overload.Snapshot, error) {
	t.Helper()
	s, err := system.Start(t.Context(), system.Config{Network: system.InMemory{}, Folder: t.TempDir(), Rules: "../../../rules.yaml", Guarded: guarded})
	if err != nil {
		t.Fatal(err)
	}
	act, err := Act(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = script.NewRunner(&out).Run(t.Context(), act)
	control, ok := s.Backend(orders.Inventory).Control()
	if ok != guarded {
		t.Errorf("guarded: %v, with overload control: %v", guarded, ok)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	return out.String(), control, err
}

// Nobody but the windows is refused: what they show is of one class, what they fetch ahead
// of another, and neither is taken for a call of which nobody has said anything.
func TestActWithTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, control, err := tellInMemory(t, true)
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		for i, n := range control.RejectedOf {
			c := overload.ClassAt(i)
			if windows := c == criticality.Low || c == criticality.Medium; windows != (n > 0) {
				t.Errorf("%d calls of class %v were refused; some must be: %v\n%s", n, c, windows, out)
			}
		}
	})
}

// Without the guard everybody waits for everybody until nobody is answered in time, and it
// stays so when the crowd has gone.
func TestActWithoutTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, _, err := tellInMemory(t, false)
		if !errors.Is(err, script.ErrUnmet) {
			t.Fatalf("error = %v; want ErrUnmet\n%s", err, out)
		}
		for _, want := range []string{
			"not met: four times as many: of what is fetched ahead refused = 0 of 600",
			"not met: four times as many: calls answered of those that the inventory can answer = 0 of 750",
			"not met: the crowd recedes: orders paid = 0 of 90 (the first that is not: ",
			"not met: the crowd recedes: shown = 0 of 200",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error does not say %q:\n%v", want, err)
			}
		}
		if strings.Contains(err.Error(), "the usual crowd") {
			t.Errorf("the usual crowd is too much:\n%v\n%s", err, out)
		}
	})
}
