package fanout_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/internal/lazyscope"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/step"
)

// stalls is an observer in which sources that were left behind hold up what follows, as
// a machine does that has other things to do.
type stalls struct {
	fanout.NopObserver

	by time.Duration
}

func (s stalls) StepEnded(_ context.Context, id step.ID, e step.Ended) {
	if e.Abandoned && !id.Fallback {
		time.Sleep(s.by)
	}
}

// late makes a plan whose source is left behind on a machine that stalls, so that the
// turn of its default comes when the time is over.
func late(t *testing.T, stall time.Duration, value func(request) string) *fanout.Plan[request, response] {
	t.Helper()
	return planWith(t, fanout.Config{Name: "GetProfile", Observer: stalls{by: stall}},
		fanout.Optional("avatar", gives("a.png"), setAvatar), fanout.Optional("name", deaf, setName).Else(fallback.Default(value)))
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

	scope *lazyscope.Scope[degrade.Scope]
}

func (c allOrNothing) Value(key any) any {
	if key == (lazyscope.Key{}) {
		return c.scope
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
			return allOrNothing{ctx, &lazyscope.Scope[degrade.Scope]{Required: true}}
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
		value := func(e element) string { return fmt.Sprint("tag ", e.Key) }
		get := func(ctx context.Context, _ request, _ int) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}
		begin := time.Now()
		resp, r := alone(t, each(keys, get).Parallel(2).Else(fallback.Default(value)), time.Second)
		var want []string
		for key := range keys {
			want = append(want, value(element{Key: key}))
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

// What has no default is not waited for.
func TestNoOvertimeWithoutADefault(t *testing.T) {
	t.Parallel()
	getDeaf := func(ctx context.Context, req request, _ int) (string, error) { return deaf(ctx, req) }
	noKeys := func(request) []int { panic("no") }
	for name, tt := range map[string]struct {
		other source
		left  int // how many are left behind, each of which stalls
	}{
		"a field":             {fanout.Optional("avatar", deaf, setAvatar), 1},
		"elements":            {each(2, getDeaf), 2},
		"elements of no keys": {fanout.Each("tags", noKeys, getDeaf, setTags).Else(fallback.Default(func(element) string { return "" })), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const stall = 20 * time.Millisecond
				cfg := fanout.Config{Name: "GetProfile", Observer: stalls{by: stall}, Logger: slog.New(slog.DiscardHandler)}
				p, resp, begin := planWith(t, cfg, tt.other, fanout.Optional("name", deaf, setName).Else(fallback.Default(nobody))), &testv1.GetProfileResponse{}, time.Now()
				_, err := p.Gather(within(t, time.Second), nil, resp)
				if took, want := time.Since(begin), 915*time.Millisecond+time.Duration(tt.left)*stall; err != nil || resp.GetName() != "nobody" || took != want {
					t.Errorf("response = %v, %v after %v; want it after %v", resp, err, took, want)
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// A run that has failed already waits for no default, nor does one that fails while it
// waits.
func TestNoOvertimeForWhatIsLost(t *testing.T) {
	t.Parallel()
	takesItsTime := func(request) string { time.Sleep(time.Minute); return "late" }
	for name, tt := range map[string]struct {
		name fanout.Field[request, response, string]
		took time.Duration
	}{
		"what is required hangs": {fanout.Required("name", deaf, setName), 900 * time.Millisecond},
		"what is required has a default that fails": {
			fanout.Required("name", deaf, setName).Else(fallback.Default(func(request) string { time.Sleep(10 * time.Millisecond); panic("no") })), 905 * time.Millisecond,
		},
		"what is required has a default": {fanout.Required("name", deaf, setName).Else(fallback.Default(nobody)), 950 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				p := planWith(t, fanout.Config{Name: "GetProfile", Logger: slog.New(slog.DiscardHandler)},
					tt.name, fanout.Optional("avatar", deaf, setAvatar).Else(fallback.Default(takesItsTime)))
				if _, _ = p.Gather(within(t, time.Second), nil, &testv1.GetProfileResponse{}); time.Since(begin) != tt.took {
					t.Errorf("took %v; want %v", time.Since(begin), tt.took)
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// Keys that come after the run are nobody's: not even defaults are made for them.
func TestLateKeysAreNotAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		keys := func(request) []int {
			time.Sleep(2 * time.Second)
			return make([]int, 1000)
		}
		get := func(context.Context, request, int) (string, error) { asked.Add(1); return "", nil }
		value := func(element) string { asked.Add(1); return "" }
		_, r := alone(t, fanout.Each("tags", keys, get, setTags).Else(fallback.Default(value)), time.Second)
		marked(t, r, "tags missing timeout")
		time.Sleep(time.Hour)
		if n := asked.Load(); n != 0 {
			t.Errorf("asked for %d elements after Gather returned", n)
		}
	})
}

// A default that panics in overtime is not late, unless it was left behind.
func TestPanicsInOvertimeAreToldFromLateOnes(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]string{0: "late=false", time.Minute: "late=true"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				p := planWith(
					t, fanout.Config{Name: "GetProfile", Observer: stalls{by: 20 * time.Millisecond}, Logger: slog.New(slog.NewTextHandler(&out, nil))},
					fanout.Optional("avatar", gives("a.png"), setAvatar),
					fanout.Optional("name", deaf, setName).Else(fallback.Default(func(request) string { time.Sleep(took); panic("no") })),
				)
				if _, err := p.Gather(within(t, time.Second), nil, &testv1.GetProfileResponse{}); err != nil {
					t.Error(err)
				}
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				if !strings.Contains(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
					t.Errorf("log %q; want %s", out.String(), want)
				}
			})
		})
	}
}
