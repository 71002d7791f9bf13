package backend

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// Bottleneck is a database that can be made to do one thing at a time. It is safe for
// concurrent use. The zero Bottleneck holds up nobody.
type Bottleneck struct {
	mu   sync.Mutex
	each time.Duration // that a call takes, zero: no call waits
	free time.Time     // when everything is done that was asked for
}

// Narrow lets calls that come from now on wait for each other, and has each take that
// long. With zero they do neither.
func (b *Bottleneck) Narrow(each time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.each == 0 { // what was asked for before it was well again does not count
		b.free = time.Time{}
	}
	b.each = each
}

// pass returns once the database has done what a call asks for, or when ctx ends, with its
// status. What was asked for is done even then, as by a database that does not hear of who
// has gone.
func (b *Bottleneck) pass(ctx context.Context) error {
	done := time.NewTimer(time.Until(b.ask()))
	defer done.Stop()
	select {
	case <-done.C:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// ask asks for something and returns when it will be done. That is what makes calls wait
// for each other, and not the waiting itself: a timer that is late takes no time away
// from those that come after.
func (b *Bottleneck) ask() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.each == 0 {
		return now
	}
	if b.free.Before(now) {
		b.free = now
	}
	b.free = b.free.Add(b.each)
	return b.free
}

// unary lets a unary call through.
func (b *Bottleneck) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := b.pass(ctx); err != nil {
		return nil, err
	}
	return handler(ctx, req)
}
