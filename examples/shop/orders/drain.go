package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// DrainEvery is how often the orders that wait are looked after. One that is tried
// while the circuit is open costs nothing, and once its time is over is the probe that
// closes it.
const DrainEvery = 250 * time.Millisecond

// Run looks after the orders that wait until ctx ends, and returns once it has put
// down what it had in hand. There must be one of it at a time for a queue.
func (s *Service) Run(ctx context.Context) {
	ticker := time.NewTicker(DrainEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		done, err := s.Drain(ctx)
		if done > 0 {
			s.log.InfoContext(ctx, "orders that waited are settled", slog.Int("orders", done))
		}
		if err != nil {
			s.log.DebugContext(ctx, "orders still wait", slog.Any("cause", err))
		}
	}
}

// Drain does what there is to do for the orders that wait, one by one, so that what has
// just recovered is not flooded: first what is owed, then what was accepted, the oldest
// first. It returns for how many there is nothing left to do, and why there still is
// for others.
func (s *Service) Drain(ctx context.Context) (done int, err error) {
	waiting, err := s.queue.Kept()
	if err != nil {
		return 0, err
	}
	var faults []error
	for _, steps := range [][]shopv1.Step{{toRefund, toUndo}, {toRelease}, {toFulfil}} {
		n, err := s.drain(ctx, steps, waiting)
		done, faults = done+n, append(faults, err)
	}
	return done, errors.Join(faults...)
}

// drain takes the given steps. It passes over an order that fails, and stops at a
// refusal by the guard: what refuses one refuses the next.
func (s *Service) drain(ctx context.Context, steps []shopv1.Step, waiting []*shopv1.KeptOrder) (done int, err error) {
	var faults []error
	for _, k := range waiting {
		if !slices.Contains(steps, k.GetStep()) {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		todo, err := s.resume(ctx, k)
		if err != nil {
			faults = append(faults, fmt.Errorf("orders: %s: %w", k.GetOrder().GetOrderId(), err))
		}
		if todo == nothing {
			done++
		}
		if todo == k.GetStep() && policy.IsRejection(err) {
			break
		}
	}
	return done, errors.Join(faults...)
}

// resume takes an order that waited as in seen as far as it goes, and says what there is
// still to do and why. It leaves alone what somebody else is at, or was.
func (s *Service) resume(ctx context.Context, seen *shopv1.KeptOrder) (todo shopv1.Step, cause error) {
	order := seen.GetOrder()
	giveBack, ok := s.take(order.GetOrderId())
	if !ok {
		return seen.GetStep(), nil
	}
	defer giveBack()
	k, err := s.queue.find(order.GetOrderId())
	if err != nil || k.GetStep() != seen.GetStep() {
		return seen.GetStep(), err
	}
	o, err := s.settle(ctx, order, k)
	if err != nil {
		return k.GetStep(), err
	}
	if k.GetStep() == toFulfil && o.todo != toFulfil && o.cause != nil {
		s.log.WarnContext(ctx, "an order that waited is not to be had", slog.String("order", order.GetOrderId()), slog.Any("cause", o.cause))
	}
	return o.todo, o.cause
}
