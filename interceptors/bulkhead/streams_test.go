package bulkhead_test

import (
	"context"
	"errors"
	"testing"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// acquireShape asks for a place for a call of a shape.
func acquireShape(ctx context.Context, b *bulkhead.Bulkhead, s policy.Shape) (policy.Permit, error) {
	return b.Acquire(ctx, &policy.Call{Method: method, Shape: s})
}

// Streams have places of their own, if the configuration says so: neither kind takes
// those of the other, and a full kind refuses its next.
func TestStreamsHavePlacesOfTheirOwn(t *testing.T) {
	t.Parallel()
	b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 2, MaxStreams: 3})
	var permits []policy.Permit
	for _, s := range []policy.Shape{policy.BidiStream, policy.ServerStream, policy.ClientStream, policy.Unary, policy.Unary} {
		p, err := acquireShape(t.Context(), b, s)
		if err != nil {
			t.Fatalf("%v: %v; want a place", s, err)
		}
		permits = append(permits, p)
	}
	for _, s := range []policy.Shape{policy.ServerStream, policy.Unary} {
		if _, err := acquireShape(t.Context(), b, s); !errors.Is(err, bulkhead.ErrFull) {
			t.Errorf("one %v too many: %v; want %v", s, err, bulkhead.ErrFull)
		}
	}
	if s := b.Snapshot(); s.InFlight != 2 || s.Streams != 3 || s.MaxStreams != 3 || s.Rejected != 2 {
		t.Errorf("snapshot = %+v; want 2 calls, 3 of 3 streams and 2 refusals", s)
	}
	if b.Idle() {
		t.Error("idle with calls in flight")
	}
	for _, p := range permits {
		giveBack(p)
	}
	if s := b.Snapshot(); s.InFlight != 0 || s.Streams != 0 || !b.Idle() {
		t.Errorf("snapshot = %+v; want all places free", s)
	}
}

// Without MaxStreams a stream takes one of the places of all calls.
func TestStreamsShareThePlaces(t *testing.T) {
	t.Parallel()
	b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1})
	p, err := acquireShape(t.Context(), b, policy.BidiStream)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := acquireShape(t.Context(), b, policy.Unary); !errors.Is(err, bulkhead.ErrFull) {
		t.Errorf("err = %v; want %v", err, bulkhead.ErrFull)
	}
	giveBack(p)
}

// Each stream gives back the place that it took, whatever has changed since.
func TestStreamsWhenTheirPlacesChange(t *testing.T) {
	t.Parallel()
	b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 2})
	before, err := acquireShape(t.Context(), b, policy.BidiStream)
	if err != nil {
		t.Fatal(err)
	}
	update := func(cfg bulkhead.Config) {
		t.Helper()
		if err := b.Update(cfg); err != nil {
			t.Fatal(err)
		}
	}
	update(bulkhead.Config{MaxConcurrent: 2, MaxStreams: 2})
	own, err := acquireShape(t.Context(), b, policy.BidiStream)
	if err != nil {
		t.Fatal(err)
	}
	update(bulkhead.Config{MaxConcurrent: 2})
	if s := b.Snapshot(); s.InFlight != 1 || s.Streams != 1 {
		t.Errorf("snapshot = %+v; want one of each", s)
	}
	giveBack(before)
	giveBack(own)
	if s := b.Snapshot(); s.InFlight != 0 || s.Streams != 0 {
		t.Errorf("snapshot = %+v; want none", s)
	}
}

// In shadow, streams beyond their places are let through, noted and counted.
func TestStreamsInShadow(t *testing.T) {
	t.Parallel()
	b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1, MaxStreams: 1, Shadow: true})
	for i := range 2 {
		c := policy.Call{Method: method, Shape: policy.ServerStream}
		if _, err := b.Acquire(t.Context(), &c); err != nil || c.Notes.Has(policy.NoteShadowed) != (i == 1) {
			t.Errorf("stream %d: %v with the notes %b; want that the second is noted", i, err, c.Notes)
		}
	}
	if s := b.Snapshot(); s.Rejected != 1 || s.Streams != 2 {
		t.Errorf("snapshot = %+v; want 2 streams, 1 that would have been refused", s)
	}
}

// Callers who give up are not refusals.
func TestCancelledIsCountedApart(t *testing.T) {
	t.Parallel()
	b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Acquire(gone, new(call())); !errors.Is(err, bulkhead.ErrCancelled) {
		t.Fatalf("err = %v; want %v", err, bulkhead.ErrCancelled)
	}
	if s := b.Snapshot(); s.Rejected != 0 || s.Cancelled != 1 {
		t.Errorf("snapshot = %+v; want one call cancelled and none refused", s)
	}
}
