package fanout_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// stalls is an observer in which sources that were left behind hold up what follows, as
// a machine does that has other things to do.
type stalls struct {
	fanout.NopObserver

	by time.Duration
}

func (s stalls) StepEnded(_ context.Context, step fallback.Step, e fallback.Ended) {
	if e.Abandoned && !step.Fallback {
		time.Sleep(s.by)
	}
}

// late makes a plan whose source is left behind on a machine that stalls, so that the
// turn of its default comes when the time is over.
func late(t *testing.T, stall time.Duration, value func(request) string) *fanout.Plan[request, response] {
	t.Helper()
	return planWith(t, fanout.Config{Name: "GetProfile", Observer: stalls{by: stall}},
		fanout.Optional("avatar", gives("a.png"), setAvatar), fanout.Optional("name", deaf, setName).Default(value))
}

func nobody(request) string { return "nobody" }

// What is at hand is given, also if the machine was busy until the time was over.
func TestDefaultInOvertime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stall, took time.Duration
		value       func(request) string
		want        string
	}{
		"a little late": {20 * time.Millisecond, 915 * time.Millisecond, nobody, "name defaulted timeout"},
		"too late":      {time.Second, 950 * time.Millisecond, nobody, "name missing timeout"},
		"a default that takes its time": {20 * time.Millisecond, 950 * time.Millisecond, func(request) string {
			time.Sleep(time.Minute)
			return "late"
		}, "name missing timeout"},
		"a default that panics": {20 * time.Millisecond, 915 * time.Millisecond, func(request) string { panic("no") }, "name missing timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, resp, begin := late(t, tt.stall, tt.value), &testv1.GetProfileResponse{}, time.Now()
				r, err := p.Gather(within(t, time.Second), nil, resp)
				if err != nil || resp.GetAvatar() != "a.png" || time.Since(begin) != tt.took {
					t.Errorf("response = %v, %v after %v; want it after %v", resp, err, time.Since(begin), tt.took)
				}
				marked(t, r, tt.want)
				got := resp.GetName()
				time.Sleep(time.Hour)
				if resp.GetName() != got {
					t.Errorf("written after Gather returned: %v", resp)
				}
			})
		})
	}
}

// allOrNothing is the context of a call that must be complete.
type allOrNothing struct {
	context.Context

	scope *degrade.LazyScope
}

func (c allOrNothing) Value(key any) any {
	if v := c.scope.Value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}

// Who wants all or nothing waits for no default, and neither does who has gone.
func TestNoOvertimeForNobody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		who  func(context.Context) context.Context
		took time.Duration
	}{
		"all or nothing": {func(ctx context.Context) context.Context {
			return allOrNothing{ctx, &degrade.LazyScope{Required: true}}
		}, 900 * time.Millisecond},
		"goes": {func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(910*time.Millisecond, cancel)
			return ctx
		}, 910 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, resp, begin := late(t, 20*time.Millisecond, nobody), &testv1.GetProfileResponse{}, time.Now()
				if _, _ = p.Gather(tt.who(within(t, time.Second)), nil, resp); time.Since(begin) != tt.took || resp.GetName() != "" {
					t.Errorf("response = %v after %v; want it after %v", resp, time.Since(begin), tt.took)
				}
				time.Sleep(time.Hour)
			})
		})
	}
}

// Elements whose turn does not come before the time is over have a default too.
func TestDefaultsOfElementsInOvertime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const keys = 100
		value := func(_ request, key int) string { return fmt.Sprint("tag ", key) }
		get := func(ctx context.Context, _ request, _ int) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}
		begin := time.Now()
		resp, r := alone(t, each(keys, get).Parallel(2).Default(value), time.Second)
		var want []string
		for key := range keys {
			want = append(want, value(nil, key))
		}
		if !slices.Equal(resp.GetTags(), want) || time.Since(begin) > 950*time.Millisecond {
			t.Errorf("%d tags after %v: %v", len(resp.GetTags()), time.Since(begin), resp.GetTags())
		}
		for m := range r.Markers() {
			if m.State != degrade.Defaulted {
				t.Errorf("marker %+v", m)
			}
		}
	})
}
