package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/grpc"

	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// The course of a story.
const (
	rate     = 400 // pages a second
	before   = 2 * time.Second
	during   = 10 * time.Second
	after    = 8 * time.Second
	backends = 5
)

// story is one run.
type story struct {
	system  system
	sick    *backend
	clients []testv1.TierServiceClient
	begin   time.Time

	mu      sync.Mutex
	pages   []page
	trouble time.Time // when the sick backend last gave nothing
}

// page is one page as its user saw it.
type page struct {
	at, took time.Duration // since the begin, since it was asked for
	whole    bool          // with everything that healthy backends have
}

// run tells a story.
func run(ctx context.Context, s system, f fault, seed uint64) (result, error) {
	t := &story{system: s}
	var o openings
	stop, err := t.serve(&o, seed)
	defer stop()
	if err != nil {
		return result{}, fmt.Errorf("%s: %w", s.name, err)
	}
	t.begin = time.Now()
	starts := time.AfterFunc(before, func() { t.sick.fault.Store(f) })
	ends := time.AfterFunc(before+during, func() { t.sick.fault.Store(none) })
	defer starts.Stop()
	defer ends.Stop()
	t.load(ctx, seed)
	return t.result(o.last()), nil
}

// serve starts the backends; the last is the one that gets sick.
func (t *story) serve(o *openings, seed uint64) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	for i := range backends {
		opts, err := t.system.dial(o)
		if err != nil {
			return stop, err
		}
		t.sick = newBackend(seed + uint64(i))
		cc, done, err := t.sick.serve(fmt.Sprintf("backend%d", i), opts)
		stops = append(stops, done)
		if err != nil {
			return stop, err
		}
		t.clients = append(t.clients, testv1.NewTierServiceClient(cc))
	}
	return stop, nil
}

// load asks for pages, and waits until all are answered.
func (t *story) load(ctx context.Context, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // it is for load, not for secrets
	var all sync.WaitGroup
	for at := time.Duration(0); at < before+during+after && ctx.Err() == nil; {
		at += time.Duration(random.ExpFloat64() * float64(time.Second) / rate)
		_ = sleep(ctx, time.Until(t.begin.Add(at))) // ctx is looked at above
		all.Go(func() { t.page(ctx, at) })
	}
	all.Wait()
}

// page asks all backends at once.
func (t *story) page(ctx context.Context, at time.Duration) {
	var all sync.WaitGroup
	got := make([]bool, len(t.clients))
	for i, c := range t.clients {
		all.Go(func() { got[i] = t.ask(ctx, c) == nil })
	}
	all.Wait()
	now := time.Now()
	sick := len(got) - 1
	whole := true
	for _, ok := range got[:sick] {
		whole = whole && ok
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pages = append(t.pages, page{at: at, took: now.Sub(t.begin) - at, whole: whole})
	if !got[sick] && now.After(t.trouble) {
		t.trouble = now
	}
}

func (t *story) ask(ctx context.Context, c testv1.TierServiceClient) error {
	ctx, cancel := context.WithTimeout(ctx, t.system.timeout)
	defer cancel()
	_, err := c.GetProfile(ctx, &testv1.GetProfileRequest{}, grpc.StaticMethod())
	return err
}
