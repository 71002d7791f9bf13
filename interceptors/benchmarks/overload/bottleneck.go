//go:build linux

package main

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// bottleneck is a kind of work that can be done only so often.
type bottleneck struct {
	name string
	// callers is how many at once are enough to reach the peak.
	callers int
	// work returns the handler of a server.
	work func() (func(ctx context.Context) error, error)
}

// bottlenecks returns all of them.
func bottlenecks() []bottleneck {
	return []bottleneck{
		{"1 ms of CPU", 4, func() (func(context.Context) error, error) { return compute(time.Millisecond), nil }},
		{"a lock for 2 ms", 4, func() (func(context.Context) error, error) { return held(1, 2*time.Millisecond) }},
		{"8 connections for 5 ms", 16, func() (func(context.Context) error, error) { return held(8, 5*time.Millisecond) }},
		{"10 places for 20 ms", 20, func() (func(context.Context) error, error) { return held(10, 20*time.Millisecond) }},
		{"CPU, wait, CPU", 16, inTurn},
	}
}

// compute returns work for a processor. How much it is, is measured once: a handler that
// read the clock to find its end would be done sooner the longer it is kept waiting.
func compute(d time.Duration) func(context.Context) error {
	rounds := roundsFor(d)
	return func(context.Context) error {
		spin(rounds)
		return nil
	}
}

// roundsFor returns how many rounds take d, the quickest of several tries.
func roundsFor(d time.Duration) int {
	const rounds = 200_000
	least := time.Hour
	for range 20 {
		began := time.Now()
		spin(rounds)
		least = min(least, time.Since(began))
	}
	return int(float64(rounds) * float64(d) / float64(least))
}

// spin computes something that nobody can leave out.
//
//go:noinline
func spin(rounds int) {
	x := uint64(88172645463325252)
	for range rounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	runtime.KeepAlive(x)
}

// held returns work that has one of so many things for a while, in order of arrival.
func held(things int, d time.Duration) (func(context.Context) error, error) {
	free := make(chan *timer, things)
	for range things {
		t, err := newTimer()
		if err != nil {
			return nil, err
		}
		free <- t
	}
	return func(ctx context.Context) error {
		select {
		case t := <-free:
			defer func() { free <- t }()
			return t.wait(d)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}, nil
}

// inTurn returns work that computes, waits for somebody else and computes again.
func inTurn() (func(context.Context) error, error) {
	half := compute(500 * time.Microsecond)
	timers := sync.Pool{New: func() any {
		t, err := newTimer()
		if err != nil {
			return err
		}
		return t
	}}
	return func(ctx context.Context) error {
		_ = half(ctx) // it never fails
		made := timers.Get()
		t, ok := made.(*timer)
		if !ok {
			return made.(error) //nolint:errcheck,forcetypeassert // the pool has nothing else
		}
		defer timers.Put(t)
		if err := t.wait(5 * time.Millisecond); err != nil {
			return err
		}
		return half(ctx)
	}, nil
}
