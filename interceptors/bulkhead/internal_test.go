package bulkhead

import (
	"testing"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Several settlements may come to the slow path at once, where the number in
// flight must not go below zero either (bug 12: released twice). From outside
// that takes luck.
func TestSettleNeverBelowZero(t *testing.T) {
	t.Parallel()
	b, err := New(Config{MaxConcurrent: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b.sampling.Store(true)
		b.Settle(0, &policy.Outcome{})
		if !b.Idle() {
			t.Fatalf("%+v after a settlement too many; want nothing in flight", b.Snapshot())
		}
	}
}

// A place that is free for the instant until it is handed to a waiter is not
// for newcomers. From outside, that instant takes luck to meet.
func TestRoomIsForWaitersFirst(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name              string
		inFlight, waiting queue.Counts
		want              bool
	}{
		{"all free", 0, 0, true},
		{"last place", 1, 0, true},
		{"none free", 2, 0, false},
		{"beyond a lowered limit", 3, 0, false},
		{"none free, one waits", 2, 1, false},
		{"one free, one waits", 1, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := tt.inFlight*queue.OneInFlight + tt.waiting*queue.OneWaiting
			if got := (&Config{MaxConcurrent: 2}).hasRoom(s); got != tt.want {
				t.Errorf("hasRoom = %v; want %v", got, tt.want)
			}
		})
	}
}
