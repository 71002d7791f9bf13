package main

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// mood is how often a backend does what, as shares of its calls.
type mood struct {
	name                      string
	fails, hangs, slow, stale float64
}

// moods are what a backend may be in.
func moods() []mood {
	return []mood{
		{name: "well", fails: 0.01, stale: 0.1},
		{name: "well", fails: 0.01, stale: 0.1},
		{name: "well", fails: 0.01, stale: 0.1},
		{name: "mixed", fails: 0.2, hangs: 0.02, slow: 0.1, stale: 0.2},
		{name: "failing", fails: 0.95},
		{name: "hanging", hangs: 0.8},
		{name: "slow", slow: 0.9, stale: 0.1},
	}
}

// temper decides what a backend does to each call.
type temper struct {
	*dice

	mood  atomic.Pointer[mood]
	nonce atomic.Uint64
}

// newTemper returns one that begins well.
func newTemper(d *dice) *temper {
	t := &temper{dice: d}
	t.mood.Store(&moods()[0])
	return t
}

// swing puts the backend into another mood.
func (t *temper) swing() { m := pick(t.dice, moods()...); t.mood.Store(&m) }

// serve does to a call what the mood asks for, writes down the deed, and returns it. It
// returns an error if there is no answer.
func (t *temper) serve(ctx context.Context, c *call, origin, what, key string) (deed, error) {
	m := t.mood.Load()
	d := deed{
		made:  token{origin: origin, what: what, key: key, call: c.id, user: c.user, nonce: t.nonce.Add(1)},
		stale: t.chance(m.stale),
	}
	err := t.trouble(ctx, m)
	d.code = status.Code(err)
	c.did(d)
	return d, err
}

// trouble takes its time, and may fail.
func (t *temper) trouble(ctx context.Context, m *mood) error {
	took := t.between(0, 2*time.Millisecond)
	switch {
	case t.chance(m.hangs):
		took = time.Hour
	case t.chance(m.slow):
		took = t.between(50*time.Millisecond, 500*time.Millisecond)
	}
	if err := sleep(ctx, took); err != nil {
		return status.FromContextError(err).Err()
	}
	switch {
	case t.chance(m.fails):
		return t.failure(ctx)
	case t.chance(0.02):
		return status.Error(codes.NotFound, "there is none")
	default:
		return nil
	}
}

// failure returns an error of any kind that a peer may send.
func (t *temper) failure(ctx context.Context) error {
	code := pick(t.dice, codes.Unavailable, codes.Unavailable, codes.Internal, codes.Unknown,
		codes.ResourceExhausted, codes.DeadlineExceeded, codes.PermissionDenied, codes.DataLoss)
	text := innerHost + " is down"
	if t.chance(0.05) {
		text = strings.Repeat("a long story ", 5000)
	}
	if t.chance(0.1) {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", pick(t.dice, "-1", "5", "99999999999", "soon"))) // the call fails in any case
	}
	s := status.New(code, text)
	if t.chance(0.3) {
		with, err := s.WithDetails(
			&errdetails.ErrorInfo{
				Domain: pick(t.dice, policy.Domain, "elsewhere"),
				Reason: pick(t.dice, "BULKHEAD_FULL", "CIRCUIT_OPEN", "RATE_LIMITED", "NONSENSE"),
			},
			&errdetails.RetryInfo{RetryDelay: durationpb.New(t.between(-time.Second, 1<<62))},
		)
		if err == nil {
			s = with
		}
	}
	return s.Err()
}

// innerHost is in the errors of backends and must not reach callers.
const innerHost = "db-7.internal"
