//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/afloat-go/afloat/interceptors/criticality"
)

// The crowd.
const (
	deadline      = 250 * time.Millisecond
	shareCritical = 0.2
	lateBy        = 10 * time.Millisecond
)

// order is what a generator is asked for: calls for a while, so many per second, or as
// many as so many callers manage that wait for each answer.
type order struct {
	Address string
	Length  time.Duration
	Warm    time.Duration // of it, at the beginning, of which nothing is counted
	Rate    float64       // of arrivals per second
	Later   float64       // the rate after half of the length, zero: the same
	Callers int           // at once; zero: an open loop
	Burst   int           // so many come at once besides, each second
	Seed    uint64
}

// result is what came of an order.
type result struct {
	Came, Good, Refused        int
	CriticalCame, CriticalGood int
	Late                       int           // calls that were made over 10 ms after their time
	Before, After              time.Duration // the 99th percentile of answers before half of the length, and from a second after it
	Elapsed                    time.Duration // that was counted
}

// generate reads orders, one a line, and writes results, until there are no more.
func generate(ctx context.Context, in io.Reader, out io.Writer) error {
	orders, results := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		r, err := o.run(ctx)
		if err != nil {
			return err
		}
		if err := results.Encode(r); err != nil {
			return err
		}
	}
}

// run connects, and makes the calls.
func (o order) run(ctx context.Context) (*result, error) {
	cc, err := grpc.NewClient("passthrough:///"+o.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer cc.Close()
	if err := cc.Invoke(ctx, workMethod, &emptypb.Empty{}, &emptypb.Empty{}, grpc.WaitForReady(true)); err != nil && status.Code(err) != codes.ResourceExhausted {
		return nil, err
	}
	c := &crowd{order: o, cc: cc, random: rand.New(rand.NewPCG(o.Seed, 7))} //nolint:gosec // for chance, not for secrets
	if o.Callers > 0 {
		c.closed(ctx)
	} else {
		c.open(ctx)
	}
	c.calls.Wait()
	return c.result(), nil
}

// crowd is those who call.
type crowd struct {
	order
	cc     *grpc.ClientConn
	random *rand.Rand
	begin  time.Time
	calls  sync.WaitGroup

	mu            sync.Mutex
	sum           result
	before, after []time.Duration
}

// closed makes calls of callers that wait for each answer.
func (c *crowd) closed(ctx context.Context) {
	c.begin = time.Now()
	for range c.Callers {
		c.calls.Go(func() {
			for time.Since(c.begin) < c.Length {
				c.call(ctx, time.Now(), false)
			}
		})
	}
}

// open makes calls at the times of a Poisson process, whatever becomes of them.
func (c *crowd) open(ctx context.Context) {
	c.begin = time.Now()
	bursts := 1
	for at := time.Duration(0); at < c.Length; {
		at += time.Duration(c.random.ExpFloat64() / c.rateAt(at) * float64(time.Second))
		time.Sleep(time.Until(c.begin.Add(at)))
		if c.Burst > 0 && at > time.Duration(bursts)*time.Second {
			bursts++
			for range c.Burst {
				c.dispatch(ctx, at)
			}
		}
		c.dispatch(ctx, at)
	}
}

// rateAt returns how many calls per second come at a time.
func (c *crowd) rateAt(at time.Duration) float64 {
	if c.Later > 0 && at > c.Length/2 {
		return c.Later
	}
	return c.Rate
}

// dispatch makes the call of a time.
func (c *crowd) dispatch(ctx context.Context, at time.Duration) {
	critical := c.random.Float64() < shareCritical
	c.calls.Go(func() { c.call(ctx, c.begin.Add(at), critical) })
}

// call makes one call, which should have been made at a time.
func (c *crowd) call(ctx context.Context, due time.Time, critical bool) {
	late := time.Since(due) > lateBy
	class := criticality.High
	if critical {
		class = criticality.Critical
	}
	ctx, cancel := context.WithDeadline(metadata.AppendToOutgoingContext(ctx, criticality.Key, class.String()), due.Add(deadline))
	defer cancel()
	err := c.cc.Invoke(ctx, workMethod, &emptypb.Empty{}, &emptypb.Empty{}, grpc.StaticMethod())
	c.note(due.Sub(c.begin), time.Since(due), late, critical, err)
}

// note counts a call that was due at a time after the beginning and has ended.
func (c *crowd) note(at, took time.Duration, late, critical bool, err error) {
	if at < c.Warm {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	good := err == nil && took <= deadline
	c.sum.Came++
	c.sum.Good += one(good)
	c.sum.Late += one(late)
	c.sum.CriticalCame += one(critical)
	c.sum.CriticalGood += one(critical && good)
	c.sum.Refused += one(status.Code(err) == codes.ResourceExhausted)
	switch {
	case !good:
	case at < c.Length/2:
		c.before = append(c.before, took)
	case at > c.Length/2+time.Second:
		c.after = append(c.after, took)
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// result returns what came of it.
func (c *crowd) result() *result {
	c.sum.Elapsed = c.Length - c.Warm
	c.sum.Before, c.sum.After = percentile(c.before, 0.99), percentile(c.after, 0.99)
	return &c.sum
}

// percentile returns the value that the share p of all is not above, zero of none.
func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(p*float64(len(all))))]
}
