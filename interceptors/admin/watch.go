package admin

import (
	"context"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
)

// watch tells what changes until ctx ends. It holds one message at a time: what happens
// while that is sent is in the events, which are bounded, and what is no longer there was
// missed.
func watch(ctx context.Context, set *config.Set, r *adminv1.WatchRequest, send func(*adminv1.WatchResponse) error) error {
	f, err := newFilter(r.GetFilter())
	if err != nil {
		return err
	}
	events := set.Rules().Events()
	seen := events.Last()
	if err := sendStates(set, f, 0, send); err != nil {
		return err
	}
	for {
		if err := events.Await(ctx, seen); err != nil {
			return status.FromContextError(ctx.Err()).Err()
		}
		all, missed := events.Since(seen)
		if missed > 0 {
			seen = events.Last()
			err = sendStates(set, f, missed+uint64(len(all)), send)
		} else {
			seen = all[len(all)-1].Number
			err = sendEvents(all, f, send)
		}
		if err != nil {
			return err
		}
	}
}

// sendEvents sends events, in as many messages as they need.
func sendEvents(all []rules.Event, f *filter, send func(*adminv1.WatchResponse) error) error {
	m, left := new(adminv1.WatchResponse), pageBytes
	for _, e := range all {
		if !f.tells(e) {
			continue
		}
		told := eventMessage(e)
		if size := proto.Size(told); size > left {
			if err := send(m); err != nil {
				return err
			}
			m, left = new(adminv1.WatchResponse), pageBytes
		}
		left -= proto.Size(told)
		m.Events = append(m.Events, told)
	}
	if len(m.GetEvents()) == 0 {
		return nil
	}
	return send(m)
}

// sendStates sends the present states of circuits, and the overrides, in as many messages as
// they need.
func sendStates(set *config.Set, f *filter, missed uint64, send func(*adminv1.WatchResponse) error) error {
	m, left := &adminv1.WatchResponse{Missed: missed}, pageBytes
	next := func(size int) error {
		left -= size
		if left >= 0 {
			return nil
		}
		err := send(m)
		m, left = new(adminv1.WatchResponse), pageBytes-size
		return err
	}
	for _, o := range set.Rules().Steering().InForce() {
		told := config.OverrideMessage(o)
		if err := next(proto.Size(told)); err != nil {
			return err
		}
		m.Overrides = append(m.Overrides, told)
	}
	for l := range set.Rules().Live() {
		if _, ok := l.Policy.(*breaker.Breaker); !ok || !f.shows(l) {
			continue
		}
		told := set.Look(l).Message()
		if err := next(proto.Size(told)); err != nil {
			return err
		}
		m.States = append(m.States, told)
	}
	return send(m)
}
