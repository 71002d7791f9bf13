package fanout_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/step"
)

// recorder notes what it hears.
type recorder struct {
	mu    sync.Mutex
	heard []string
}

type stepKey struct{}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, fmt.Sprintf(format, args...))
}

func (r *recorder) StepStarted(ctx context.Context, s step.ID) context.Context {
	kind := "source"
	if s.Fallback {
		kind = "fallback"
	}
	r.note("%s/%s/%s started, a %s", s.Plan, s.Chain, s.Name, kind)
	return context.WithValue(ctx, stepKey{}, s)
}

func (r *recorder) StepEnded(ctx context.Context, s step.ID, e step.Ended) {
	how := "ended"
	switch {
	case e.Abandoned && e.Late:
		how = "abandoned and late"
	case e.Abandoned:
		how = "abandoned"
	case e.Late:
		how = "late"
	}
	if ctx.Value(stepKey{}) != s {
		how += " in another context"
	}
	r.note("%s/%s %s: %v", s.Chain, s.Name, how, e.Err)
}

func (r *recorder) FellBack(_ context.Context, f step.FellBack) {
	r.note("%s/%s fell back to %s: %v, %v old, %v", f.Plan, f.Chain, f.Step, f.State, f.Age, f.Cause)
}

func (r *recorder) Gathered(_ context.Context, plan string, rep degrade.Report, err error) {
	r.note("%s gathered: %q, %v", plan, says(rep), err)
}

// is compares what was heard, of which what happened at one time may have come in
// any order.
func (r *recorder) is(tb testing.TB, want ...[]string) {
	tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	heard := slices.Clone(r.heard)
	for begin := 0; len(want) > 0; want = want[1:] {
		end := min(begin+len(want[0]), len(heard))
		slices.Sort(heard[begin:end])
		slices.Sort(want[0])
		if !slices.Equal(heard[begin:end], want[0]) {
			tb.Fatalf("heard:\n%s\nwant:\n%s", strings.Join(heard[begin:], "\n"), strings.Join(want[0], "\n"))
		}
		begin = end
		if len(want) == 1 && begin < len(heard) {
			tb.Errorf("heard also:\n%s", strings.Join(heard[begin:], "\n"))
		}
	}
}

// observed runs a plan of the sources and waits until everything has ended that it
// left behind.
func observed(t *testing.T, ctx context.Context, sources ...source) *recorder { //nolint:revive // t goes first in a test
	t.Helper()
	var o recorder
	p := planWith(t, fanout.Config{Name: "GetProfile", Observer: &o}, sources...)
	_, _ = p.Gather(ctx, nil, &testv1.GetProfileResponse{}) // the observer hears what came of it
	time.Sleep(3 * time.Hour)
	synctest.Wait()
	return &o
}

const (
	down      = "rpc error: code = Unavailable desc = down"
	over      = "context deadline exceeded"
	cancelled = "context canceled"
)

func TestObserverHearsEverythingOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slowly := func(context.Context, request) (string, error) { time.Sleep(time.Millisecond); return "", errDown }
		observed(
			t, within(t, time.Second),
			fanout.Optional("name", slowly, setName).Else(fallback.To("cache", after(time.Millisecond, "Ada?"))),
			fanout.Optional("avatar", deaf, setAvatar),
		).is(
			t,
			[]string{"GetProfile/avatar/avatar started, a source", "GetProfile/name/name started, a source"},
			[]string{"name/name ended: " + down},
			[]string{"GetProfile/name/cache started, a fallback"},
			[]string{"name/cache ended: <nil>"},
			[]string{"avatar/avatar abandoned: " + over},
			[]string{"GetProfile/name fell back to cache: substituted, 0s old, " + down},
			[]string{`GetProfile gathered: ["avatar missing timeout" "name substituted unavailable"], <nil>`},
			[]string{"avatar/avatar late: <nil>"},
		)
	})
}

func TestObserverHearsOfStepsLeftBehindAtTheirOwnTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const gaveUp = `fanout "GetProfile", source "name": "name" did not end in time: ` + over
		observed(
			t, within(t, time.Second),
			fanout.Optional("name", deaf, setName).Timeout(100*time.Millisecond).
				Else(fallback.Stale("yesterday", func(context.Context, request) (string, time.Time, error) {
					return "Ada", time.Now().Add(-24 * time.Hour), nil
				})),
		).is(
			t,
			[]string{"GetProfile/name/name started, a source"},
			[]string{"name/name abandoned: " + gaveUp},
			[]string{"GetProfile/name/yesterday started, a fallback"},
			[]string{"name/yesterday ended: <nil>"},
			[]string{"GetProfile/name fell back to yesterday: stale, 24h0m0s old, " + gaveUp},
			[]string{`GetProfile gathered: ["name stale timeout"], <nil>`},
			[]string{"name/name late: <nil>"},
		)
	})
}

// Whatever ends a run, what still runs is left behind, and nothing of what was
// answered is used.
func TestObserverHearsOfStepsLeftBehindByAFailedRun(t *testing.T) {
	t.Parallel()
	gone := func(t *testing.T) context.Context {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		return ctx
	}
	for name, tt := range map[string]struct {
		ctx      func(*testing.T) context.Context
		required source
		ends     []string
		gathered string
		late     []string
	}{
		"a required source": {
			func(t *testing.T) context.Context { t.Helper(); return within(t, time.Minute) },
			fanout.Required("tags", func(context.Context, request) ([]string, error) { time.Sleep(time.Second); return nil, errDown }, setTags),
			[]string{"tags/tags ended: " + down},
			`GetProfile gathered: ["name substituted unavailable" "tags missing unavailable"], fanout "GetProfile": required source "tags": ` + down,
			nil,
		},
		"the caller": {
			gone,
			fanout.Required("tags", func(context.Context, request) ([]string, error) { time.Sleep(time.Hour); return nil, nil }, setTags),
			[]string{"tags/tags abandoned: " + cancelled},
			`GetProfile gathered: [], ` + cancelled,
			[]string{"tags/tags late: <nil>"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				observed(
					t, tt.ctx(t), fanout.Optional("avatar", deaf, setAvatar), tt.required,
					fanout.Optional("name", fails(errDown), setName).Else(fallback.To("cache", gives("Ada?"))),
				).is(
					t,
					[]string{
						"GetProfile/avatar/avatar started, a source", "GetProfile/tags/tags started, a source",
						"GetProfile/name/name started, a source", "name/name ended: " + down,
						"GetProfile/name/cache started, a fallback", "name/cache ended: <nil>",
					},
					append(tt.ends, "avatar/avatar abandoned: "+cancelled),
					[]string{tt.gathered},
					append(tt.late, "avatar/avatar late: <nil>"),
				)
			})
		})
	}
}

func TestObserverHearsOfElements(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		get := func(_ context.Context, _ request, key int) (string, error) {
			switch key {
			case 1:
				return "", errDown
			case 3:
				time.Sleep(time.Hour)
			}
			return strconv.Itoa(key), nil
		}
		cached := func(_ context.Context, e element) (string, error) {
			if e.Key == 3 {
				time.Sleep(2 * time.Hour)
			}
			return "cached", nil
		}
		const gaveUp = `fanout "GetProfile", source "tags": "tags" did not end in time: ` + over
		// One at a time: 3 hangs, so does its fallback, and 4 is never asked for.
		observed(t, within(t, time.Second), fanout.Each("tags", upTo(5), get, setTags).Parallel(1).Else(fallback.To("cache", cached))).is(
			t,
			[]string{"GetProfile/tags/tags started, a source"},
			[]string{"tags/tags ended: <nil>"},
			[]string{"GetProfile/tags/tags started, a source"},
			[]string{"tags/tags ended: " + down},
			[]string{"GetProfile/tags/cache started, a fallback"},
			[]string{"tags/cache ended: <nil>"},
			[]string{"GetProfile/tags/tags started, a source"},
			[]string{"tags/tags ended: <nil>"},
			[]string{"GetProfile/tags/tags started, a source"},
			[]string{"tags/tags abandoned: " + gaveUp},
			[]string{"GetProfile/tags/cache started, a fallback"},
			[]string{"tags/cache abandoned: " + over},
			[]string{"GetProfile/tags fell back to cache: substituted, 0s old, " + down},
			[]string{`GetProfile gathered: ["tags[*] missing timeout 1[]" "tags[*] missing budget_exhausted 1[]" "tags[*] substituted unavailable 1[]"], <nil>`},
			[]string{"tags/tags late: <nil>"},
			[]string{"tags/cache late: <nil>"},
		)
	})
}

// One value hears of chains and of plans.
func TestOneObserverHearsOfChainsAndPlans(t *testing.T) {
	t.Parallel()
	var o recorder
	cached, err := fallback.NewWith(fallback.Config{Name: "cached", Observer: &o}, fallback.To("memory", gives("Ada")))
	if err != nil {
		t.Fatal(err)
	}
	get := func(ctx context.Context, req request) (string, error) {
		a, err := cached.Do(ctx, req)
		return a.Value, err
	}
	p := planWith(t, fanout.Config{Name: "GetProfile", Observer: &o}, fanout.Optional("name", get, setName))
	if _, err := p.Gather(t.Context(), nil, &testv1.GetProfileResponse{}); err != nil {
		t.Fatal(err)
	}
	o.is(
		t,
		[]string{"GetProfile/name/name started, a source"},
		[]string{"/cached/memory started, a source"},
		[]string{"cached/memory ended: <nil>"},
		[]string{"name/name ended: <nil>"},
		[]string{"GetProfile gathered: [], <nil>"},
	)
}

// hostile panics at everything.
type hostile struct{}

func (hostile) StepStarted(context.Context, step.ID) context.Context    { panic("started") }
func (hostile) StepEnded(context.Context, step.ID, step.Ended)          { panic("ended") }
func (hostile) FellBack(context.Context, step.FellBack)                 { panic("fell back") }
func (hostile) Gathered(context.Context, string, degrade.Report, error) { panic("gathered") }

func TestObserverThatPanicsHarmsNothing(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]fanout.Observer{"hostile": hostile{}, "nop": fanout.NopObserver{}} {
		resp := &testv1.GetProfileResponse{}
		p := planWith(t, fanout.Config{Name: "GetProfile", Observer: o},
			fanout.Optional("name", fails(errDown), setName).Else(fallback.To("cache", gives("Ada"))))
		if _, err := p.Gather(t.Context(), nil, resp); err != nil || resp.GetName() != "Ada" {
			t.Errorf("%s: response = %v, %v", name, resp, err)
		}
	}
}

func TestFallbacksOfSourcesAreLoggedAtInfo(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	plain := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	l := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: plain}))
	p := planWith(t, fanout.Config{Name: "GetProfile", Observer: fanout.LogTo(l)},
		fanout.Optional("name", fails(errors.New("down")), setName).Else(fallback.To("cache", gives("Ada"))))
	if _, err := p.Gather(t.Context(), nil, &testv1.GetProfileResponse{}); err != nil {
		t.Fatal(err)
	}
	const want = "level=INFO msg=\"fallback answered\" plan=GetProfile chain=name step=cache state=substituted reason=error age=0s\n"
	if out.String() != want {
		t.Errorf("log:\n%swant:\n%s", out.String(), want)
	}
}
