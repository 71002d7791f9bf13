package orders

import (
	"path/filepath"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// A queue knows how many orders it keeps, also after a restart. When it is full new
// orders are refused, and nobody is asked for anything.
func TestFullQueue(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "orders.db")
	q, err := OpenQueue(path)
	if err != nil {
		t.Fatal(err)
	}
	q.size.Store(MaxKept - 2)
	for _, c := range []struct {
		id   string
		todo shopv1.Step
		size int64
	}{
		{"a", toFulfil, MaxKept - 1},
		{"a", toFulfil, MaxKept - 1}, // it is in already
		{"b", toFulfil, MaxKept},
		{"c", nothing, MaxKept},
		{"d", toUndo, MaxKept + 1}, // it was under way
		{"d", toRelease, MaxKept + 1},
		{"a", toRefund, MaxKept + 1},
		{"a", nothing, MaxKept},
	} {
		k, err := q.find(c.id)
		if err != nil {
			t.Fatal(err)
		}
		now, err := q.note(&shopv1.PlaceOrderRequest{OrderId: c.id}, k, c.todo)
		if err != nil || now.GetStep() != c.todo || q.size.Load() != c.size || q.full() != (c.size >= MaxKept) {
			t.Errorf("%s %v: kept as %v, %v, %d orders; want %d", c.id, c.todo, now, err, q.size.Load(), c.size)
		}
	}
	order := &shopv1.PlaceOrderRequest{OrderId: "e", ProductId: "lamp", Cents: 1}
	if _, err := New(nil, nil, q, nil).PlaceOrder(t.Context(), order); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("error = %v; want RESOURCE_EXHAUSTED", err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if q, err = OpenQueue(path); err != nil {
		t.Fatal(err)
	}
	if q.size.Load() != 2 || q.full() {
		t.Errorf("%d orders after it was opened again; want 2", q.size.Load())
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}
