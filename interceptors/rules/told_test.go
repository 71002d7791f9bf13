package rules_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// tellAll calls every method of o.
func tellAll(o policy.Observer) {
	ctx := context.Background()
	o.Admitted(ctx, &policy.Call{}, policy.Admitted{})
	o.Rejected(ctx, &policy.Call{}, policy.Rejected{Err: errPlain})
	o.Settled(ctx, &policy.Call{}, &policy.Outcome{})
	o.Transition(policy.Transition{})
	o.Late(policy.Late{})
	o.Leaked(&policy.Call{})
	o.Overran(&policy.Call{}, policy.Overrun{})
}

// everything is the kinds of events that tellAll makes.
var everything = []policytest.EventKind{
	policytest.Admitted, policytest.Rejected, policytest.Settled,
	policytest.Transition, policytest.Late, policytest.Leaked, policytest.Overran,
}

// fragile panics after it has noted what it heard.
type fragile struct{ policytest.Recorder }

func (f *fragile) Admitted(ctx context.Context, c *policy.Call, a policy.Admitted) context.Context {
	f.Recorder.Admitted(ctx, c, a)
	panic("admitted")
}

func (f *fragile) Rejected(ctx context.Context, c *policy.Call, r policy.Rejected) {
	f.Recorder.Rejected(ctx, c, r)
	panic("rejected")
}

func (f *fragile) Settled(ctx context.Context, c *policy.Call, o *policy.Outcome) {
	f.Recorder.Settled(ctx, c, o)
	panic("settled")
}

func (f *fragile) Transition(t policy.Transition) {
	f.Recorder.Transition(t)
	panic("transition")
}

func (f *fragile) Late(l policy.Late) {
	f.Recorder.Late(l)
	panic("late")
}

func (*fragile) Interest() policy.Interest { panic("interest") }

func (*fragile) Watch(*rules.Rules) { panic("watch") }

func (f *fragile) Leaked(c *policy.Call) {
	f.Recorder.Leaked(c)
	panic("leaked")
}

func (f *fragile) Overran(c *policy.Call, o policy.Overrun) {
	f.Recorder.Overran(c, o)
	panic("overran")
}

// reporting tells its observer of what a policy may have to tell.
type reporting struct{ observer policy.Observer }

func (r reporting) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	r.observer.Transition(policy.Transition{Name: "t"})
	r.observer.Late(policy.Late{Name: "l"})
	return policy.Permit{}, nil
}

func TestReportsSayWhoseCallsThePolicyGuards(t *testing.T) {
	t.Parallel()
	rec := &policytest.Recorder{}
	rules := rulesOf(t, []rules.Rule{{Match: "*", Policies: []rules.Template{{
		New: func(k rules.Key) (policy.Policy, error) { return reporting{policy.Observe(k.Observer)}, nil },
	}}}}, rules.WithObserver(rec))
	call := policy.Call{Method: method, Target: "dns:///shop", Side: policy.Server}
	if err := rules.Resolve(&call).Run(t.Context(), method, func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	transition, late := rec.Of(policytest.Transition)[0].Transition, rec.Of(policytest.Late)[0].Late
	if want := (policy.Transition{Name: "t", Target: call.Target, Side: call.Side}); transition != want {
		t.Errorf("transition: %+v; want %+v", transition, want)
	}
	if want := (policy.Late{Name: "l", Target: call.Target, Side: call.Side}); late != want {
		t.Errorf("late: %+v; want %+v", late, want)
	}
}

// watching counts the rules that it is shown.
type watching struct {
	policy.NopObserver

	rules []*rules.Rules
}

func (w *watching) Watch(r *rules.Rules) { w.rules = append(w.rules, r) }

func TestWatcherIsShownTheRules(t *testing.T) {
	t.Parallel()
	w := &watching{}
	if _, err := rules.New([]rules.Rule{{Match: "malformed"}}, rules.WithObserver(w)); err == nil || len(w.rules) != 0 {
		t.Errorf("shown rules that are malformed: %v, %v", w.rules, err)
	}
	watched := rulesOf(t, []rules.Rule{{Match: "*"}}, rules.WithObserver(w))
	if len(w.rules) != 1 || w.rules[0] != watched || watched.Observer() != policy.Observer(w) {
		t.Errorf("shown %v, Observer() = %v; want %v, once, and the watcher", w.rules, watched.Observer(), watched)
	}
	if err := watched.Apply([]rules.Rule{{Match: "malformed"}}); err == nil || len(w.rules) != 1 {
		t.Errorf("shown a change that is malformed: %v, %v", w.rules, err)
	}
	if err := watched.Apply(nil); err != nil || len(w.rules) != 2 || w.rules[1] != watched {
		t.Errorf("shown %v after a change, %v; want the rules again", w.rules, err)
	}
	if got := rulesOf(t, nil).Observer(); got != nil {
		t.Errorf("Observer() = %v; want nobody", got)
	}
}

// Bug: a listener that panicked took the call, or the rules, with it.
func TestPanickingObserverHarmsNoRules(t *testing.T) {
	t.Parallel()
	o := &fragile{}
	all := rulesOf(t, []rules.Rule{{Match: "*", Policies: []rules.Template{template("any")}}}, rules.WithObserver(o))
	if err := all.Resolve(&policy.Call{Method: method}).Run(t.Context(), method, func(context.Context) error { return nil }); err != nil {
		t.Errorf("Do = %v", err)
	}
	if got, want := o.Kinds(), []policytest.EventKind{policytest.Settled}; !slices.Equal(got, want) {
		t.Errorf("heard %v; want %v", got, want)
	}
}

// reentrant calls back into what it observes.
type reentrant struct {
	policy.NopObserver

	back func()
	deep bool
}

func (r *reentrant) Admitted(ctx context.Context, _ *policy.Call, _ policy.Admitted) context.Context {
	if !r.deep {
		r.deep = true
		r.back()
	}
	return ctx
}

// Bug: a listener that called back met a lock that its own caller held.
func TestReentrantObserverOfRules(t *testing.T) {
	t.Parallel()
	o := &reentrant{}
	all := rulesOf(t, []rules.Rule{{Match: "*", Policies: []rules.Template{template("any")}}}, rules.WithObserver(o))
	nothing := func(context.Context) error { return nil }
	var inner error
	o.back = func() { inner = all.Resolve(&policy.Call{Method: "/shop.Cart/Get"}).Run(t.Context(), method, nothing) }
	outer := all.Resolve(&policy.Call{Method: method}).Run(t.Context(), method, nothing)
	if err := errors.Join(outer, inner); err != nil || !o.deep {
		t.Errorf("calls: %v; called back: %v", err, o.deep)
	}
}
