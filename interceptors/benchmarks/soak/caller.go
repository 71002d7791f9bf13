package main

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// callerBooks are what all callers count. It is safe for concurrent use.
type callerBooks struct {
	made, refused, answered, degraded, failed, streams, dropped, functions atomic.Int64
}

// caller makes calls, one after the other.
type caller struct {
	*dice
	*breaches

	journal *journal
	cc      *grpc.ClientConn
	client  testv1.TierServiceClient
	books   *callerBooks
	local   *local
	refused bool // the last call was, here
}

// run calls until ctx ends.
func (c *caller) run(ctx context.Context) {
	for ctx.Err() == nil && !c.any() {
		c.refused = false
		c.once(ctx)
		pause := c.between(0, 10*time.Millisecond)
		if c.refused {
			pause += c.between(0, 100*time.Millisecond) // or refusals are all that there is
		}
		_ = sleep(ctx, pause) // the loop sees the end
	}
}

// once makes a call of some kind.
func (c *caller) once(ctx context.Context) {
	now := c.journal.begin("u" + strconv.Itoa(c.below(7)))
	defer c.journal.end(now)
	own, cancel := c.patience(now.outgoing(context.WithoutCancel(ctx)), now)
	defer cancel()
	switch n := c.below(100); {
	case n < 35:
		c.getPage(own, now)
	case n < 45:
		c.getPlain(own, now)
	case n < 65:
		c.getProfile(own, now)
	case n < 75:
		watch(own, c, now)
	case n < 80:
		upload(own, c, now)
	case n < 87:
		chat(own, c, now)
	case n < 90:
		c.strange(own, now)
	case n < 91:
		drop(now.outgoing(context.WithoutCancel(ctx)), c, now)
	default:
		c.books.functions.Add(1)
		c.local.once(own, c.dice)
	}
}

// patience returns a context that ends as the caller's fancy has it, with metadata that
// may be hostile.
func (c *caller) patience(ctx context.Context, now *call) (context.Context, context.CancelFunc) {
	if c.chance(0.1) {
		now.did(deed{code: codes.Unknown}) // asked for: a code that does not exist
		ctx = metadata.AppendToOutgoingContext(ctx,
			"x-envoy-fault-abort-grpc-request", pick(c.dice, "14", "99", "-1", "x"),
			"x-envoy-fault-delay-request", pick(c.dice, "5", "4294967295", "99999999999", ""),
			degrade.RequireKey, pick(c.dice, degrade.RequireAll, "", "nonsense"),
			degrade.TrailerKey, string(c.printable(c.below(500))),
			degrade.SummaryKey, "0",
			"note", strings.Repeat("x", c.below(4000)))
	}
	most := c.between(300*time.Millisecond, time.Second)
	if c.chance(0.05) {
		most = c.between(0, 3*time.Millisecond)
	}
	if c.chance(0.02) {
		most = 1<<63 - 1 // as good as none
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	if c.chance(0.1) {
		soon := time.AfterFunc(c.between(0, 100*time.Millisecond), cancel)
		return ctx, func() { soon.Stop(); cancel() }
	}
	return ctx, cancel
}

// made counts a call and how it ended, and checks an error.
func (c *caller) made(now *call, err error, r degrade.Report) oracle {
	o := oracle{c.breaches, now, r}
	c.books.made.Add(1)
	switch {
	case err == nil && r.Len() > 0:
		c.books.degraded.Add(1)
	case err == nil:
		c.books.answered.Add(1)
	default:
		c.books.failed.Add(1)
		if policy.IsRejection(err) && policy.ReasonOf(err) != policy.ReasonFaultInjected {
			c.books.refused.Add(1)
			c.refused = true
		}
		o.failed(err)
	}
	return o
}

// getPage asks for a page, now and then for one that must be complete, or for far too
// much.
func (c *caller) getPage(ctx context.Context, now *call) {
	n := c.below(8)
	if c.chance(0.02) {
		n = maxKeys + c.below(10_000)
	}
	var r degrade.Report
	opts := []grpc.CallOption{degrade.Capture(&r)}
	whole := c.chance(0.1)
	if whole {
		opts = append(opts, degrade.RequireComplete())
	}
	p, err := c.client.GetPage(ctx, &testv1.GetPageRequest{Id: strconv.Itoa(n)}, opts...)
	o := c.made(now, err, r)
	if err != nil {
		return
	}
	if whole && !r.Complete() {
		o.add("markers", "call %d: a page had to be complete and is not: %v", now.id, o.markers())
	}
	o.page(p, n)
}

// getPlain asks for a response whose markers come in the trailer.
func (c *caller) getPlain(ctx context.Context, now *call) {
	var r degrade.Report
	p, err := c.client.GetPlain(ctx, &testv1.GetPlainRequest{Id: "plain"}, degrade.Capture(&r))
	if o := c.made(now, err, r); err == nil {
		o.plain(p)
	}
}

// getProfile asks for a profile that the front passes through.
func (c *caller) getProfile(ctx context.Context, now *call) {
	var r degrade.Report
	p, err := c.client.GetProfile(ctx, &testv1.GetProfileRequest{Id: "p" + strconv.Itoa(c.below(8))}, degrade.Capture(&r))
	if o := c.made(now, err, r); err == nil {
		o.name(p.GetName())
	}
}

// strange calls a method that nobody has.
func (c *caller) strange(ctx context.Context, now *call) {
	method := "/strange.v" + strconv.Itoa(c.below(1000)) + ".Service/" + strings.Repeat("M", 1+c.below(1000))
	err := c.cc.Invoke(ctx, method, &testv1.ChatRequest{}, &testv1.ChatResponse{})
	now.did(deed{code: codes.Unimplemented})
	c.made(now, err, degrade.Report{})
	if err == nil {
		c.add("errors", "call %d: %s answered", now.id, method[:20])
	}
}
