package checkout

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/afloat-go/afloat/examples/shop/internal/story/script"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// tellInMemory tells the act in virtual time and returns what it printed.
func tellInMemory(t *testing.T, guarded bool) (string, error) {
	t.Helper()
	s, err := system.Start(t.Context(), system.Config{Network: system.InMemory{}, Folder: t.TempDir(), Rules: "../../../rules.yaml", Guarded: guarded})
	if err != nil {
		t.Fatal(err)
	}
	act, err := Act(s)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = script.NewRunner(&out).Run(t.Context(), act)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	return out.String(), err
}

func TestActWithTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if out, err := tellInMemory(t, true); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// Without the guard a rush waits for payments, and whoever fails is asked for every
// order. Even so no order is lost.
func TestActWithoutTheGuard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out, err := tellInMemory(t, false)
		if !errors.Is(err, script.ErrUnmet) {
			t.Fatalf("error = %v; want ErrUnmet\n%s", err, out)
		}
		for _, want := range []string{
			"not met: inventory fails: the circuit of inventory is closed or not there",
			"not met: a rush, payments slow: refused = 0 of 400",
			"not met: payments fail: calls that reached payments = ",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error does not say %q:\n%v", want, err)
			}
		}
		if strings.Contains(err.Error(), "books") || strings.Contains(err.Error(), "orders are") {
			t.Errorf("an order is lost:\n%v\n%s", err, out)
		}
	})
}
