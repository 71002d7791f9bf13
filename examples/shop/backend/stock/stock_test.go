package stock_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/afloat-go/afloat/examples/shop/backend/stock"
	"github.com/afloat-go/afloat/examples/shop/database"
)

// open opens a store room, which is closed when the test ends.
func open(t *testing.T, path string) *stock.Stock {
	t.Helper()
	s, err := stock.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// deliver brings two lamps and a chair to a new store room.
func deliver(t *testing.T) *stock.Stock {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "inventory.db"))
	if err := s.Deliver(map[string]int64{"lamp": 2, "chair": 1}); err != nil {
		t.Fatal(err)
	}
	return s
}

// left checks how many lamps are left.
func left(t *testing.T, s *stock.Stock, want int64) {
	t.Helper()
	if n, err := s.Left("lamp"); n != want || err != nil {
		t.Errorf("%d lamps left, %v; want %d", n, err, want)
	}
}

func TestAPieceIsKeptOnceAndPutBackOnce(t *testing.T) {
	t.Parallel()
	s := deliver(t)
	for range 2 {
		if err := s.Reserve("a", "lamp"); err != nil {
			t.Error(err)
		}
		left(t, s, 1)
	}
	if err := s.Reserve("a", "chair"); !errors.Is(err, stock.ErrDiffers) {
		t.Errorf("another product for the same order: %v; want ErrDiffers", err)
	}
	for range 2 {
		if err := s.Release("a"); err != nil {
			t.Error(err)
		}
		left(t, s, 2)
	}
}

// A release closes the order, also one that comes before the reservation.
func TestWhatWasReleasedIsNotKept(t *testing.T) {
	t.Parallel()
	s := deliver(t)
	if err := s.Reserve("a", "lamp"); err != nil {
		t.Fatal(err)
	}
	for _, order := range []string{"a", "late"} {
		if err := s.Release(order); err != nil {
			t.Error(err)
		}
		if err := s.Reserve(order, "lamp"); !errors.Is(err, stock.ErrReleased) {
			t.Errorf("order %s: %v; want ErrReleased", order, err)
		}
	}
	left(t, s, 2)
}

func TestNoMoreIsSoldThanThereIs(t *testing.T) {
	t.Parallel()
	s := deliver(t)
	var sold, refused atomic.Int64
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			switch err := s.Reserve(strconv.Itoa(i), "lamp"); {
			case err == nil:
				sold.Add(1)
			case errors.Is(err, stock.ErrSoldOut):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if sold.Load() != 2 || refused.Load() != 18 {
		t.Errorf("sold %d, refused %d; want 2 and 18", sold.Load(), refused.Load())
	}
	left(t, s, 0)
	if _, err := s.Left("table"); !errors.Is(err, stock.ErrNoProduct) {
		t.Errorf("a table: %v; want ErrNoProduct", err)
	}
	if err := s.Reserve("b", "table"); !errors.Is(err, stock.ErrNoProduct) {
		t.Errorf("a table: %v; want ErrNoProduct", err)
	}
}

// A delivery fills shelves up, and takes nothing from them.
func TestDelivery(t *testing.T) {
	t.Parallel()
	s := deliver(t)
	if err := s.Reserve("a", "lamp"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ brought, left int64 }{{1, 1}, {3, 3}, {2, 3}} {
		if err := s.Deliver(map[string]int64{"lamp": c.brought}); err != nil {
			t.Error(err)
		}
		left(t, s, c.left)
	}
}

func TestReopened(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "inventory.db")
	s := open(t, path)
	err := s.Deliver(map[string]int64{"lamp": 2})
	if err := errors.Join(err, s.Reserve("a", "lamp"), s.Release("b"), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	left(t, s, 1)
	all, err := s.Reservations()
	var said []string
	for _, r := range all {
		said = append(said, fmt.Sprintf("%s %q %v", r.GetOrderId(), r.GetProductId(), r.GetReleased()))
	}
	if got, want := strings.Join(said, ", "), `a "lamp" false, b "" true`; got != want || err != nil {
		t.Errorf("reservations = %s, %v; want %s", got, err, want)
	}
	if _, err := stock.Open(path); !errors.Is(err, database.ErrLocked) {
		t.Errorf("error = %v; want ErrLocked", err)
	}
}
