//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// bench measures, with a generator that lives as long as it does.
type bench struct {
	effort

	log       io.Writer
	generator *process
	seed      uint64
	again     int // runs that had to be made again
}

// group measures all guards at all loads, with one bottleneck, once.
func (b *bench) group(ctx context.Context, of bottleneck, t *table) error {
	base, err := b.base(ctx, of)
	if err != nil {
		return err
	}
	limit, err := b.bestLimit(ctx, of, base)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.log, "%s: %.0f/s at its peak, a call costs %v of CPU and a refusal %v; the best fixed number is %d\n",
		of.name, base.peak, base.call, base.refusal, limit)
	for _, load := range b.loads {
		for _, guard := range b.guards {
			r, err := b.against(ctx, serving{of.name, guard, limit}, b.crowd(load*base.peak))
			if err != nil {
				return err
			}
			t.add(cell{of.name, guard, load}, r, base, load)
		}
	}
	return b.steps(ctx, of, base, t)
}

// steps measures afloat where the load steps up, and where there is room but for bursts.
func (b *bench) steps(ctx context.Context, of bottleneck, base *base, t *table) error {
	up := b.crowd(0.8 * base.peak)
	up.Later, up.Length = 1.4*base.peak, 2*b.length+2*time.Second
	r, err := b.against(ctx, serving{of.name, afloat, 0}, up)
	if err != nil {
		return err
	}
	t.step(of.name, r)
	room := b.crowd(0.7 * base.peak)
	room.Burst = 50
	for _, guard := range []string{failsafe, afloat} {
		r, err := b.against(ctx, serving{of.name, guard, 0}, room)
		if err != nil {
			return err
		}
		t.calm(of.name, guard, r)
	}
	return nil
}

// crowd returns an open loop of so many calls per second.
func (b *bench) crowd(rate float64) order {
	b.seed++
	return order{Length: b.warm + b.length, Warm: b.warm, Rate: rate, Seed: b.seed}
}

// base is what a bottleneck can do, as measured just before.
type base struct {
	peak          float64       // calls per second
	call, refusal time.Duration // of CPU
}

// ceiling returns how many calls per second can be answered at a load: at most the peak,
// and what is left of a core after the calls that are refused.
func (b *base) ceiling(load float64) float64 {
	c, r := b.call.Seconds(), b.refusal.Seconds()
	if load <= 1 || c <= r {
		return min(1, load) * b.peak
	}
	return min(b.peak, (1-load*b.peak*r)/(c-r))
}

// base measures the peak, and what calls and refusals cost.
func (b *bench) base(ctx context.Context, of bottleneck) (*base, error) {
	var measured base
	loop := order{Length: b.warm + b.length, Warm: b.warm, Callers: of.callers}
	r, cost, err := b.run(ctx, serving{of.name, nothing, 0}, loop)
	if err != nil {
		return nil, err
	}
	if r.Good == 0 {
		return nil, fmt.Errorf("%s: of %d calls of %d callers none was answered within %v", of.name, r.Came, of.callers, deadline)
	}
	measured.peak, measured.call = float64(r.Good)/r.Elapsed.Seconds(), cost
	_, measured.refusal, err = b.run(ctx, serving{of.name, refusing, 0}, loop)
	return &measured, err
}

// bestLimit returns with how many places most calls are answered at twice the peak.
func (b *bench) bestLimit(ctx context.Context, of bottleneck, base *base) (int, error) {
	best, most := b.limits[0], -1
	for _, limit := range b.limits {
		r, err := b.against(ctx, serving{of.name, static, limit}, b.crowd(2*base.peak))
		if err != nil {
			return 0, err
		}
		if r.Good > most {
			best, most = limit, r.Good
		}
	}
	return best, nil
}

// tries is how often a run is made again that tells more of the machine than of the guard.
const tries = 3

// against returns what came of an order, of the last try if none was valid.
func (b *bench) against(ctx context.Context, s serving, o order) (*result, error) {
	for try := 1; ; try++ {
		allBefore, takenBefore, err := stolen()
		if err != nil {
			return nil, err
		}
		r, _, err := b.run(ctx, s, o)
		if err != nil {
			return nil, err
		}
		all, taken, err := stolen()
		if err != nil {
			return nil, err
		}
		valid := (taken-takenBefore)*20 <= all-allBefore && r.Late*100 <= r.Came
		if valid || try == tries {
			return r, nil
		}
		b.again++
	}
}

// run runs a server and one order against it. It returns the CPU time of the server per
// call that came, too.
func (b *bench) run(ctx context.Context, s serving, o order) (*result, time.Duration, error) {
	server, err := start(ctx, 1, b.procs, "-serve", "-bottleneck", s.bottleneck, "-guard", s.guard, "-limit", strconv.Itoa(s.limit))
	if err != nil {
		return nil, 0, err
	}
	r, cost, err := b.ask(server, o)
	return r, cost, errors.Join(err, server.Close())
}

// ask makes the generator call a server.
func (b *bench) ask(server *process, o order) (*result, time.Duration, error) {
	address, err := server.line()
	if err != nil {
		return nil, 0, fmt.Errorf("the server: %w", err)
	}
	o.Address = address
	before, err := server.cpu()
	if err != nil {
		return nil, 0, err
	}
	r, err := b.generator.ask(o)
	if err != nil {
		return nil, 0, err
	}
	after, err := server.cpu()
	if err != nil {
		return nil, 0, err
	}
	share := float64(r.Elapsed) / float64(o.Length) // of the time that was counted
	return r, time.Duration(float64(after-before) * share / float64(max(1, r.Came))), nil
}
