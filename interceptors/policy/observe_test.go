package policy_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
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

func (f *fragile) Leaked(c *policy.Call) {
	f.Recorder.Leaked(c)
	panic("leaked")
}

func (f *fragile) Overran(c *policy.Call, o policy.Overrun) {
	f.Recorder.Overran(c, o)
	panic("overran")
}

func TestObserve(t *testing.T) {
	t.Parallel()
	if got := policy.Observe(nil); got != policy.Observer(policy.NopObserver{}) {
		t.Errorf("Observe(nil) = %v; want an observer that does nothing", got)
	}
	tellAll(policy.Observe(nil))
	rec := &policytest.Recorder{}
	once := policy.Observe(rec)
	if twice := policy.Observe(once); twice != once {
		t.Error("Observe wraps what it made itself")
	}
	tellAll(once)
	if got := rec.Kinds(); !slices.Equal(got, everything) {
		t.Errorf("heard %v; want %v", got, everything)
	}
}

// Bug: a listener that panicked took the call, or the state machine, with it.
func TestPanickingObserverHarmsNothing(t *testing.T) {
	t.Parallel()
	o := &fragile{}
	tellAll(policy.Observe(o))
	if got := o.Kinds(); !slices.Equal(got, everything) {
		t.Errorf("heard %v; want %v", got, everything)
	}
	o.Reset()
	all, j := stages(2)
	chain := chainOf(t, all, policy.WithObserver(o))
	if err := chain.Run(t.Context(), method, func(context.Context) error { return nil }); err != nil {
		t.Errorf("Do = %v", err)
	}
	all[1].refusal = full()
	if err := chain.Run(t.Context(), method, func(context.Context) error { return nil }); !errors.Is(err, errFull) {
		t.Errorf("Do = %v; want the refusal", err)
	}
	j.want(t, "ask a", "ask b", "settle b success", "settle a success", "ask a", "ask b", "settle a not_started")
	if got, want := o.Kinds(), []policytest.EventKind{ // no admission: it could not say that it wants to hear of it
		policytest.Settled, policytest.Rejected,
	}; !slices.Equal(got, want) {
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
func TestReentrantObserver(t *testing.T) {
	t.Parallel()
	o := &reentrant{}
	chain := newChain(t, []policy.Policy{handing{}}, policy.WithObserver(o))
	nothing := func(context.Context) error { return nil }
	var inner error
	o.back = func() { inner = chain.Run(t.Context(), method, nothing) }
	outer := chain.Run(t.Context(), method, nothing)
	if outer != nil || inner != nil || !o.deep {
		t.Errorf("calls = %v, %v; called back: %v", outer, inner, o.deep)
	}
}

func TestEventsOfACall(t *testing.T) {
	t.Parallel()
	refusal := full()
	type kinds = []policytest.EventKind
	whole := kinds{policytest.Admitted, policytest.Settled}
	for _, tt := range []struct {
		name    string
		refusal error
		layer   policy.Layer
		called  error
		want    kinds
		verdict policy.Verdict
	}{
		{"success", nil, policy.LayerCustom, nil, whole, policy.Success},
		{"failure", nil, policy.LayerCustom, errDown, whole, policy.Failure},
		{"refused", refusal, policy.LayerCustom, nil, kinds{policytest.Rejected}, 0},
		{"refused by another kind of error", errPlain, policy.LayerCustom, nil, kinds{policytest.Rejected}, 0},
		{"fault", errDown, policy.LayerFault, nil, whole, policy.Failure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := policy.Now()
				rec := &policytest.Recorder{}
				s := &stage{name: "s", layer: tt.layer, refusal: tt.refusal}
				chain := newChain(t, []policy.Policy{handing{}, s}, policy.WithObserver(rec))
				err := chain.Run(t.Context(), method, func(context.Context) error {
					time.Sleep(time.Second)
					return tt.called
				})
				if got := rec.Kinds(); !slices.Equal(got, tt.want) {
					t.Fatalf("heard %v; want %v", got, tt.want)
				}
				for _, e := range rec.Events() {
					if e.Call.Method != method || e.Call.Side != policy.Local {
						t.Errorf("%s: call = %+v", e.Kind, e.Call)
					}
					switch e.Kind {
					case policytest.Rejected:
						if e.Rejected.Err != tt.refusal { //nolint:errorlint // the very same
							t.Errorf("rejected with %v; want %v", e.Rejected.Err, tt.refusal)
						}
					case policytest.Admitted:
						if want := (policy.Admitted{Started: begin}); e.Admitted != want {
							t.Errorf("admitted: %+v; want %+v", e.Admitted, want)
						}
					default:
						want := policy.Outcome{Err: err, Verdict: tt.verdict, Started: begin, End: policy.Now()}
						if e.Outcome != want {
							t.Errorf("settled: %+v; want %+v", e.Outcome, want)
						}
					}
				}
			})
		})
	}
}

// However an admitted call ends, it is reported as settled, once.
func TestOneSettledPerAdmitted(t *testing.T) {
	t.Parallel()
	rec := &policytest.Recorder{}
	chain := newChain(t, []policy.Policy{handing{}}, policy.WithObserver(rec))
	_, _ = apart(func() {
		_ = chain.Run(t.Context(), method, func(context.Context) error { panic("oops") })
	})
	var a policy.Admission
	a.Call = policy.Call{}
	if _, err := chain.Admit(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	a.Settle(nil)
	a.Settle(nil)
	a.Abandon()
	want := []policytest.EventKind{policytest.Admitted, policytest.Settled, policytest.Admitted, policytest.Settled}
	if got := rec.Kinds(); !slices.Equal(got, want) {
		t.Errorf("heard %v; want %v", got, want)
	}
	first := rec.Of(policytest.Settled)[0].Outcome
	if first.Verdict != policy.Failure || !errors.Is(first.Err, policy.ErrPanicked) {
		t.Errorf("the panic settled with %+v; want a failure", first)
	}
}

// A call that panics before it was admitted is neither admitted nor rejected.
func TestNoEventOfACallThatPanickedInAcquire(t *testing.T) {
	t.Parallel()
	rec := &policytest.Recorder{}
	s := &stage{name: "s", onAcquire: func(context.Context, *policy.Call) { panic("oops") }}
	chain := newChain(t, []policy.Policy{handing{}, s}, policy.WithObserver(rec))
	_, _ = apart(func() { _ = chain.Run(t.Context(), method, nil) })
	if got := rec.Kinds(); len(got) != 0 {
		t.Errorf("heard %v; want nothing", got)
	}
}

func TestWithObserver(t *testing.T) {
	t.Parallel()
	rec := &policytest.Recorder{}
	for _, tt := range []struct {
		name   string
		opts   []policy.ChainOption
		nobody bool
	}{
		{"none", nil, true},
		{"nil", []policy.ChainOption{policy.WithObserver(nil)}, true},
		{"one", []policy.ChainOption{policy.WithObserver(rec)}, false},
		{"the later", []policy.ChainOption{policy.WithObserver(nil), policy.WithObserver(rec)}, false},
		{"the later, nil", []policy.ChainOption{policy.WithObserver(rec), policy.WithObserver(nil)}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := newChain(t, nil, tt.opts...).Observer()
			if (got == nil) != tt.nobody || got != nil && got != policy.Observe(rec) {
				t.Errorf("Observer() = %v; want nobody: %v", got, tt.nobody)
			}
		})
	}
}
