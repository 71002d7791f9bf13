package fallback_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/policy"
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
	type fields step.ID
	r.note("%+v started", fields(s))
	return context.WithValue(ctx, stepKey{}, s.Name)
}

func (r *recorder) StepEnded(ctx context.Context, s step.ID, e step.Ended) {
	r.note("%s/%s ended: %+v, in %v", s.Chain, s.Name, e, ctx.Value(stepKey{}))
}

func (r *recorder) FellBack(_ context.Context, f step.FellBack) {
	r.note("fell back: %+v", f)
}

func (r *recorder) is(tb testing.TB, want ...string) {
	tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.heard, want) {
		tb.Errorf("heard:\n%s\nwant:\n%s", strings.Join(r.heard, "\n"), strings.Join(want, "\n"))
	}
}

func TestObserverHearsEachStepOnce(t *testing.T) {
	t.Parallel()
	var o recorder
	seen := func(ctx context.Context, _ int) (string, error) {
		step, _ := ctx.Value(stepKey{}).(string)
		return step, nil
	}
	c := chainWith(t, fallback.Config{Observer: &o}, fallback.To("service", fails(errDown)), fallback.To("cache", seen))
	a, err := c.Do(t.Context(), 1)
	if err != nil || a.Value != "cache" {
		t.Errorf("answer = %+v, %v; want the context of the observer", a, err)
	}
	o.is(
		t,
		"{Plan: Chain:profile Name:service Fallback:false} started",
		"profile/service ended: {Err:rpc error: code = Unavailable desc = down Answer:false Abandoned:false Late:false}, in service",
		"{Plan: Chain:profile Name:cache Fallback:true} started",
		"profile/cache ended: {Err:<nil> Answer:false Abandoned:false Late:false}, in cache",
		"fell back: {Plan: Chain:profile Step:cache State:substituted Age:0s Cause:rpc error: code = Unavailable desc = down}",
	)
}

func TestObserverHearsOfLateSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o recorder
		c := chainWith(t, fallback.Config{Observer: &o},
			fallback.To("service", hangs(time.Minute)).Timeout(time.Second), fallback.To("cache", hangs(time.Hour)))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := c.Do(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
		time.Sleep(2 * time.Hour)
		o.is(
			t,
			"{Plan: Chain:profile Name:service Fallback:false} started",
			`profile/service ended: {Err:fallback "profile": "service" did not end in time: context deadline exceeded Answer:false Abandoned:true Late:false}, in service`,
			"{Plan: Chain:profile Name:cache Fallback:true} started",
			"profile/cache ended: {Err:context deadline exceeded Answer:false Abandoned:true Late:false}, in cache",
			"profile/service ended: {Err:<nil> Answer:false Abandoned:false Late:true}, in service",
			"profile/cache ended: {Err:<nil> Answer:false Abandoned:false Late:true}, in cache",
		)
	})
}

// guard hears of what guards decide too, and is asked for nothing but that.
type guard struct {
	recorder
	policy.NopObserver
}

func (g *guard) Admitted(ctx context.Context, call *policy.Call, _ policy.Admitted) context.Context {
	g.note("%s let through", call.Method)
	return ctx
}

func (g *guard) Rejected(_ context.Context, call *policy.Call, r policy.Rejected) {
	g.note("%s refused: %v", call.Method, r.Err)
}

func (g *guard) Settled(_ context.Context, call *policy.Call, o *policy.Outcome) {
	g.note("%s settled: %v", call.Method, o.Verdict)
}

// selective needs to hear of what there is something to say of.
type selective struct{ *guard }

func (selective) Interest() policy.Interest { return policy.Interest{} }

func TestObserverHearsWhatGuardsDecide(t *testing.T) {
	t.Parallel()
	var all, some guard
	for _, o := range []step.Observer{&all, selective{&some}} {
		full := places(t, 1)
		hold(t, full)
		c := chainWith(t, fallback.Config{Observer: o},
			fallback.To("service", gives("fresh")).Guard(full), fallback.To("cache", gives("cached")).Guard(places(t, 1)))
		if a, err := c.Do(t.Context(), 1); err != nil || a.Value != "cached" {
			t.Errorf("answer = %+v, %v", a, err)
		}
	}
	const refused = "bulkhead: full: service (places)"
	begun := []string{
		"{Plan: Chain:profile Name:service Fallback:false} started",
		"profile: service refused: " + refused,
		"profile/service ended: {Err:" + refused + " Answer:false Abandoned:false Late:false}, in service",
		"{Plan: Chain:profile Name:cache Fallback:true} started",
	}
	ended := []string{
		"profile: cache settled: success",
		"profile/cache ended: {Err:<nil> Answer:false Abandoned:false Late:false}, in cache",
		"fell back: {Plan: Chain:profile Step:cache State:substituted Age:0s Cause:" + refused + "}",
	}
	all.is(t, slices.Concat(begun, []string{"profile: cache let through"}, ended)...)
	some.is(t, slices.Concat(begun, ended)...)
}

// places is a bulkhead of n places.
func places(tb testing.TB, n int) *bulkhead.Bulkhead {
	tb.Helper()
	b, err := bulkhead.New(bulkhead.Config{MaxConcurrent: n}, bulkhead.WithName("places"))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// hold takes a place until the test ends.
func hold(tb testing.TB, b *bulkhead.Bulkhead) {
	tb.Helper()
	permit, err := b.Acquire(tb.Context(), &policy.Call{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { permit.Settler.Settle(permit.Token, &policy.Outcome{}) })
}

// hostile panics at everything.
type hostile struct{}

func (hostile) StepStarted(context.Context, step.ID) context.Context { panic("started") }
func (hostile) StepEnded(context.Context, step.ID, step.Ended)       { panic("ended") }
func (hostile) FellBack(context.Context, step.FellBack)              { panic("fell back") }

func TestObserverThatPanicsHarmsNothing(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]step.Observer{"hostile": hostile{}, "nop": step.NopObserver{}, "nil": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := chainWith(t, fallback.Config{Observer: o}, fallback.To("service", fails(errDown)), fallback.To("cache", gives("cached")))
			if a, err := c.Do(t.Context(), 1); err != nil || a.Value != "cached" {
				t.Errorf("answer = %+v, %v", a, err)
			}
		})
	}
}
