package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"google.golang.org/grpc"

	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// settings are those of one soak.
type settings struct {
	runs    time.Duration
	seed    uint64
	callers int
	every   time.Duration
}

// validate returns an error that names the flag.
func (s settings) validate() error {
	if s.runs < time.Second {
		return fmt.Errorf("flag -for = %v; must be at least 1s", s.runs)
	}
	if s.callers < 1 || s.callers > 10_000 {
		return fmt.Errorf("flag -callers = %d; must be in [1, 10000]", s.callers)
	}
	if s.every < 100*time.Millisecond {
		return fmt.Errorf("flag -every = %v; must be at least 100ms", s.every)
	}
	return nil
}

// system is the three tiers and their callers.
type system struct {
	settings

	broken *breaches
	audits *audits
	books  callerBooks
	local  *local

	tiers    []*tier // callers, front, backends
	front    *front
	backends []*backend
	hostile  *host
	cc       *grpc.ClientConn
	journal  journal
	heap     heap
	began    time.Time
}

// soak runs everything for as long as cfg says and returns what did not hold.
func soak(ctx context.Context, cfg settings, out io.Writer) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	base := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &system{settings: cfg, broken: &breaches{stop: cancel}, began: time.Now()}
	s.audits = &audits{breaches: s.broken}
	watching, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	defer unwatch()
	if err := s.start(watching, folder); err != nil {
		return err
	}
	s.suffer(ctx, out)
	end := ending{s}
	end.settle(context.WithoutCancel(ctx))
	end.checkBooks(context.WithoutCancel(ctx))
	s.stop(unwatch) //nolint:contextcheck // it stops whatever ctx says
	end.checkEnds(context.WithoutCancel(ctx), base)
	end.summary(out)
	return s.broken.err()
}

// start starts the tiers, from below. The rules' files are followed until ctx ends.
func (s *system) start(ctx context.Context, folder string) error {
	for i, name := range []string{"callers", "front", "backends"} {
		t, err := newTier(ctx, name, folder, s.dice(100+i), name == "backends", &s.journal, s.audits)
		if err != nil {
			return err
		}
		s.tiers = append(s.tiers, t)
	}
	for i, name := range []string{"a", "b"} {
		b, err := startBackend(ctx, name, s.dice(200+i), s.tiers[2])
		if err != nil {
			return err
		}
		s.backends = append(s.backends, b)
	}
	var err error
	if s.hostile, err = startHostile(ctx, s.dice(300), &s.journal); err != nil {
		return err
	}
	if s.front, err = startFront(ctx, s.tiers[1], s.backends[0].host.target(), s.backends[1].host.target(), s.hostile.target()); err != nil {
		return err
	}
	if s.cc, err = s.tiers[0].dial(s.front.host.target(), nil); err != nil {
		return err
	}
	s.local, err = newLocal(s.broken, s.tiers[0].books, s.audits)
	return err
}

// dice returns the dice of one part of the system.
func (s *system) dice(stream int) *dice { return newDice(s.seed, uint64(stream)) } //nolint:gosec // small

// suffer has callers call and everything go wrong until the time is up, ctx ends, or
// something does not hold.
func (s *system) suffer(ctx context.Context, out io.Writer) {
	ctx, cancel := context.WithTimeout(ctx, s.runs)
	defer cancel()
	var all sync.WaitGroup
	for i := range s.callers {
		c := &caller{
			dice: s.dice(1000 + i), breaches: s.broken, journal: &s.journal, cc: s.cc,
			client: testv1.NewTierServiceClient(s.cc), books: &s.books, local: s.local,
		}
		all.Go(func() { c.run(ctx) })
	}
	for _, t := range s.tiers {
		all.Go(func() { s.must("rules", t.meddle(ctx)) })
	}
	for _, b := range s.backends {
		all.Go(func() { s.must("restart", b.suffer(ctx)) })
	}
	all.Go(func() { watcher{s}.watch(ctx, out) })
	all.Wait()
}

// must notes an error as a breach.
func (s *system) must(what string, err error) {
	if err != nil {
		s.broken.add(what, "%v", err)
	}
}

// stop closes connections and servers, from above.
func (s *system) stop(unwatch func()) {
	unwatch()
	for _, t := range s.tiers {
		s.must("rules", <-t.watch)
	}
	_ = s.cc.Close() // it is open
	s.front.host.stop()
	for _, cc := range s.front.conns {
		_ = cc.Close() // as above
	}
	for _, h := range s.hosts() {
		h.stop()
	}
	for _, t := range s.tiers {
		s.must("telemetry", errors.Join(t.meters.Shutdown(context.Background()), t.tracers.Shutdown(context.Background())))
	}
}

// hosts returns the servers below the front.
func (s *system) hosts() []*host {
	return []*host{s.backends[0].host, s.backends[1].host, s.hostile}
}
