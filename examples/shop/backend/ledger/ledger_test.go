package ledger_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/afloat-go/afloat/examples/shop/backend/ledger"
	"github.com/afloat-go/afloat/examples/shop/database"
)

func open(t *testing.T, path string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// entries lists what the account says, as in "a +100, a -100".
func entries(t *testing.T, l *ledger.Ledger) string {
	t.Helper()
	all, err := l.Entries()
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, e := range all {
		if e.GetTime().AsTime().IsZero() {
			t.Errorf("entry %v has no time", e)
		}
		said = append(said, fmt.Sprintf("%s %+d", e.GetOrderId(), e.GetCents()))
	}
	return strings.Join(said, ", ")
}

func TestMoneyChangesHandsOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "payments.db")
	l := open(t, path)
	for range 2 {
		if id, err := l.Charge("a", "lamp", 100); id != "payment-000001" || err != nil {
			t.Errorf("charge = %q, %v", id, err)
		}
	}
	if id, err := l.Charge("b", "lamp", 50); id != "payment-000002" || err != nil {
		t.Errorf("charge = %q, %v", id, err)
	}
	for range 2 {
		if err := l.Refund("a"); err != nil {
			t.Error(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}

	l = open(t, path)
	if got, want := entries(t, l), "a +100, b +50, a -100"; got != want {
		t.Errorf("entries = %s; want %s", got, want)
	}
	if id, err := l.Charge("b", "lamp", 50); id != "payment-000002" || err != nil {
		t.Errorf("charge again, after the file was closed = %q, %v", id, err)
	}
	if id, err := l.Charge("c", "lamp", 1); id != "payment-000004" || err != nil {
		t.Errorf("charge = %q, %v; want the number of the entry", id, err)
	}
}

// A refund closes the order, also one that comes before the charge.
func TestWhatWasRefundedIsNotCharged(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "payments.db"))
	if _, err := l.Charge("a", "lamp", 100); err != nil {
		t.Fatal(err)
	}
	for _, order := range []string{"a", "late"} {
		if err := l.Refund(order); err != nil {
			t.Error(err)
		}
		if id, err := l.Charge(order, "lamp", 100); !errors.Is(err, ledger.ErrRefunded) || id != "" {
			t.Errorf("charge of %s = %q, %v; want ErrRefunded", order, id, err)
		}
	}
	if got, want := entries(t, l), "a +100, a -100"; got != want {
		t.Errorf("entries = %s; want %s", got, want)
	}
}

func TestAnOrderIsForOneThing(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "payments.db"))
	if _, err := l.Charge("a", "lamp", 100); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		product string
		cents   int64
	}{{"lamp", 99}, {"chair", 100}} {
		if id, err := l.Charge("a", c.product, c.cents); !errors.Is(err, ledger.ErrDiffers) || id != "" {
			t.Errorf("charge for %v = %q, %v; want ErrDiffers", c, id, err)
		}
	}
	if got, want := entries(t, l), "a +100"; got != want {
		t.Errorf("entries = %s; want %s", got, want)
	}
}

// However they come together, an order is charged at most once and refunded at most
// as often.
func TestConcurrentChargesAndRefunds(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "payments.db"))
	var all sync.WaitGroup
	for i := range 40 {
		order := strconv.Itoa(i % 4)
		all.Go(func() {
			if _, err := l.Charge(order, "lamp", 100); err != nil && !errors.Is(err, ledger.ErrRefunded) {
				t.Error(err)
			}
		})
		if i%4 > 1 {
			all.Go(func() {
				if err := l.Refund(order); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	got := entries(t, l)
	for i := range 4 {
		taken, given := strings.Count(got, fmt.Sprintf("%d +100", i)), strings.Count(got, fmt.Sprintf("%d -100", i))
		if refunded := i > 1; !refunded && (taken != 1 || given != 0) || refunded && (taken > 1 || given != taken) {
			t.Errorf("order %d was charged %d times and refunded %d times", i, taken, given)
		}
	}
}

func TestFileThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "payments.db")
	open(t, path)
	if _, err := ledger.Open(path); !errors.Is(err, database.ErrLocked) {
		t.Errorf("error = %v; want ErrLocked", err)
	}
}
