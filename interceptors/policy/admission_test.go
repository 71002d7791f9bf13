package policy_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Bug: a probe that the breaker had admitted was then refused by a later rule,
// and nobody gave it back, so the circuit stayed half-open for ever. A refusal
// further in settles each outer permit, once, as not started.
func TestRefusedByALaterPolicy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		at   int
		want []string
	}{
		{"the outermost", 0, []string{"ask a"}},
		{"the second", 1, []string{"ask a", "ask b", "settle a not_started"}},
		{"the third", 2, []string{"ask a", "ask b", "ask c", "settle b not_started", "settle a not_started"}},
		{
			"the innermost", 3,
			[]string{
				"ask a", "ask b", "ask c", "ask d",
				"settle c not_started", "settle b not_started", "settle a not_started",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all, j := stages(4)
			refusal := full()
			all[tt.at].refusal = refusal
			var a policy.Admission
			a.Call = policy.Call{Method: method}
			_, err := chainOf(t, all).Admit(t.Context(), &a)
			if err != error(refusal) { //nolint:errorlint // the very same
				t.Errorf("Admit = %v; want the refusal", err)
			}
			// What an adapter does by mistake changes nothing.
			a.Settle(nil)
			a.Abandon()
			j.want(t, tt.want...)
			for _, s := range all[:tt.at] {
				if o := s.outcome(t); o.Err != err || !o.Decided { //nolint:errorlint // the very same
					t.Errorf("%s settled with %+v; want the refusal, decided", s.name, o)
				}
			}
		})
	}
}

// Bug: a limiter's own rejections counted as failures of the dependency, so
// that what had once refused never recovered. A refusal is no failure to the
// policies around it, whatever its code, nor is one that comes up from a guarded call below.
func TestOwnRejectionsAreNoFailures(t *testing.T) {
	t.Parallel()
	for _, reason := range []policy.Reason{
		policy.ReasonCircuitOpen, policy.ReasonBulkheadFull, policy.ReasonQueueTimeout,
		policy.ReasonRateLimited, policy.ReasonDeadlineTooNear, policy.ReasonCancelled, "OF_A_USER",
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			refusal := &policy.Rejection{Reason: reason}
			outer, inner := &stage{name: "outer"}, &stage{name: "inner", refusal: refusal}
			_ = chainOf(t, []*stage{outer, inner}).Run(t.Context(), method, func(context.Context) error { return nil })
			if o := outer.outcome(t); o.Verdict != policy.NotStarted {
				t.Errorf("refused further in: verdict = %v; want not_started", o.Verdict)
			}
			above := &stage{name: "above"}
			_ = policy.Run(t.Context(), above, method, func(context.Context) error { return refusal })
			if o := above.outcome(t); o.Verdict != policy.Ignored {
				t.Errorf("refused in a call below: verdict = %v; want ignored", o.Verdict)
			}
		})
	}
}

func TestAnyErrorOfAPolicyIsARefusal(t *testing.T) {
	t.Parallel()
	outer, inner := &stage{name: "outer"}, &stage{name: "inner", refusal: errPlain}
	err := chainOf(t, []*stage{outer, inner}).Run(t.Context(), method, func(context.Context) error {
		t.Error("the call ran")
		return nil
	})
	if err != errPlain { //nolint:errorlint // the very same
		t.Errorf("Do = %v; want the policy's error unchanged", err)
	}
	if o := outer.outcome(t); o.Verdict != policy.NotStarted || !o.Decided {
		t.Errorf("outer settled with %+v; want not_started, decided", o)
	}
}

// A fault stands in for the dependency: its error is how the call ended.
func TestStandInErrorIsAnOutcome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		want policy.Verdict
	}{
		{"failure", errDown, policy.Failure},
		{"answer", status.Error(codes.NotFound, "none"), policy.Success},
		{"cancelled", context.Canceled, policy.Ignored},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all, j := stages(3)
			all[1].layer, all[2].layer = policy.LayerFault, policy.LayerFault
			all[2].refusal = tt.err
			err := chainOf(t, all).Run(t.Context(), method, func(context.Context) error {
				t.Error("the call ran")
				return nil
			})
			if err != tt.err { //nolint:errorlint // the very same
				t.Errorf("Do = %v; want the fault's error", err)
			}
			v := tt.want.String()
			j.want(t, "ask a", "ask b", "ask c", "settle b "+v, "settle a "+v)
			if o := all[0].outcome(t); o.Err != tt.err || o.Decided { //nolint:errorlint // the very same
				t.Errorf("outer settled with %+v; want the fault's error, undecided", o)
			}
		})
	}
}

// Bug: without a defer, a panic kept its permits for ever. The same goes for
// what drops a call in other ways: an inner policy that panics, runtime.Goexit
// (t.FailNow in a handler), an interceptor that never gets as far as the call.
func TestAbandonedCallsAreSettled(t *testing.T) {
	t.Parallel()
	type end func()
	panics := func() { panic("oops") }
	for _, tt := range []struct {
		name             string
		acquire, standIn end // in the innermost policy and in the fault
		call             end
		want             policy.Verdict
		panics           bool
	}{
		{name: "panic in Acquire", acquire: panics, want: policy.NotStarted, panics: true},
		{name: "Goexit in Acquire", acquire: runtime.Goexit, want: policy.NotStarted},
		{name: "panic in the call", call: panics, want: policy.Failure, panics: true},
		{name: "Goexit in the call", call: runtime.Goexit, want: policy.Failure},
		{name: "panic in a fault", standIn: panics, want: policy.Failure, panics: true},
		{name: "Goexit in a fault", standIn: runtime.Goexit, want: policy.Failure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all, j := stages(4)
			all[3].layer = policy.LayerFault
			run := func(s *stage, f end) {
				if f != nil {
					s.onAcquire = func(context.Context, *policy.Call) { f() }
				}
			}
			run(all[2], tt.acquire)
			run(all[3], tt.standIn)
			chain := chainOf(t, all[:4])
			panicked, returned := apart(func() {
				_ = chain.Run(t.Context(), method, func(context.Context) error {
					tt.call()
					return nil
				})
			})
			if (panicked == "oops") != tt.panics || returned {
				t.Errorf("panicked = %v, returned = %v; want the end to go on", panicked, returned)
			}
			for _, s := range all[:2] {
				o := s.outcome(t)
				if o.Verdict != tt.want || !o.Decided || !errors.Is(o.Err, policy.ErrPanicked) {
					t.Errorf("%s settled with %+v; want %v, decided, ErrPanicked", s.name, o, tt.want)
				}
			}
			last := j.all()[len(j.all())-2:]
			if last[0] != "settle b "+tt.want.String() || last[1] != "settle a "+tt.want.String() {
				t.Errorf("last happened %q; want the innermost settled first", last)
			}
		})
	}
}

// Bug: a framework dropped the call after it had its permit.
func TestCallDroppedAfterAdmit(t *testing.T) {
	t.Parallel()
	all, j := stages(2)
	func() {
		var a policy.Admission
		defer a.Abandon()
		a.Call = policy.Call{Method: method}
		if _, err := chainOf(t, all).Admit(t.Context(), &a); err != nil {
			t.Fatal(err)
		}
	}()
	j.want(t, "ask a", "ask b", "settle b failure", "settle a failure")
}

// A settler that panics must not keep the permits further out.
func TestPanickingSettlerKeepsNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		refuses bool
		want    []string
	}{
		{"admitted", false, []string{"settle d success", "settle c success", "settle b success", "settle a success"}},
		{"refused", true, []string{"settle c not_started", "settle b not_started", "settle a not_started"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			all, j := stages(4)
			all[1].onSettle = func() { panic("second") }
			all[2].onSettle = func() { panic("oops") }
			if tt.refuses {
				all[3].refusal = full()
			}
			panicked, _ := apart(func() {
				_ = chainOf(t, all).Run(t.Context(), method, func(context.Context) error { return nil })
			})
			if panicked == nil {
				t.Error("the panic was lost")
			}
			j.want(t, append([]string{"ask a", "ask b", "ask c", "ask d"}, tt.want...)...)
		})
	}
}

// Bug: a permit that was given back twice raised the limit for good.
func TestSettleIsOnce(t *testing.T) {
	t.Parallel()
	all, j := stages(2)
	var a policy.Admission
	defer a.Abandon()
	a.Call = policy.Call{Method: method}
	if _, err := chainOf(t, all).Admit(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	a.Settle(nil)
	a.Settle(errDown)
	a.Abandon()
	j.want(t, "ask a", "ask b", "settle b success", "settle a success")
}

func TestPermitWithoutSettler(t *testing.T) {
	t.Parallel()
	s := &stage{name: "s"}
	c := newChain(t, []policy.Policy{unlayered{}, s, unlayered{}})
	if err := c.Run(t.Context(), method, func(context.Context) error { return errDown }); !errors.Is(err, errDown) {
		t.Errorf("Do = %v; want the call's error", err)
	}
	if o := s.outcome(t); o.Verdict != policy.Failure || o.Decided || !errors.Is(o.Err, errDown) {
		t.Errorf("settled with %+v; want an undecided failure", o)
	}
}

// tokens is a policy whose permits carry a number.
type tokens struct{ given, back []uint64 }

func (p *tokens) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	token := uint64(len(p.given)) + 7
	p.given = append(p.given, token)
	return policy.Permit{Settler: p, Token: token}, nil
}

func (p *tokens) Settle(token uint64, _ *policy.Outcome) { p.back = append(p.back, token) }

func TestTokensComeBack(t *testing.T) {
	t.Parallel()
	outer, inner := &tokens{}, &tokens{}
	inner.given = make([]uint64, 10)
	c := newChain(t, []policy.Policy{outer, inner})
	for range 2 {
		_ = c.Run(t.Context(), method, func(context.Context) error { return nil })
	}
	if !slices.Equal(outer.back, []uint64{7, 8}) || !slices.Equal(inner.back, []uint64{17, 18}) {
		t.Errorf("tokens came back as %v and %v; want 7, 8 and 17, 18", outer.back, inner.back)
	}
}

func TestClassifierOfOneCall(t *testing.T) {
	t.Parallel()
	ignoreAll := func(error) policy.Verdict { return policy.Ignored }
	for _, tt := range []struct {
		name    string
		f       policy.Classifier
		given   policy.Outcome
		want    policy.Verdict
		decided bool
	}{
		{"none", nil, policy.Outcome{Err: errDown}, policy.Failure, false},
		{"its verdict is final", ignoreAll, policy.Outcome{Err: errDown}, policy.Ignored, true},
		{"success is not asked about", ignoreAll, policy.Outcome{}, policy.Success, true},
		{
			"a decided outcome stays", ignoreAll,
			policy.Outcome{Err: errDown, Verdict: policy.Failure, Decided: true},
			policy.Failure, true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &stage{name: "s"}
			var a policy.Admission
			a.Classifier = tt.f
			a.Call = policy.Call{}
			if _, err := newChain(t, []policy.Policy{s}).Admit(t.Context(), &a); err != nil {
				t.Fatal(err)
			}
			a.SettleAs(tt.given)
			if o := s.outcome(t); o.Verdict != tt.want || o.Decided != tt.decided {
				t.Errorf("settled with %+v; want %v, decided = %v", o, tt.want, tt.decided)
			}
		})
	}
}

// deserting is a policy that replaces the call's context and then refuses the call.
type deserting struct{ refuses bool }

func (d *deserting) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	if !d.refuses {
		return policy.Permit{}, nil
	}
	call.Context = context.WithValue(ctx, ctxKey("user"), "another")
	return policy.Permit{}, errFull
}

// Bug: what a refused call left behind became that of the next one that used its
// admission.
func TestContextOfARefusedCallIsNotTheNextOnes(t *testing.T) {
	t.Parallel()
	d := &deserting{refuses: true}
	chain := newChain(t, []policy.Policy{d})
	var a policy.Admission
	a.Call.Method = method
	if _, err := chain.Admit(t.Context(), &a); !errors.Is(err, errFull) {
		t.Fatalf("Admit = %v; want the refusal", err)
	}
	d.refuses = false
	ctx, err := chain.Admit(t.Context(), &a)
	if err != nil {
		t.Fatal(err)
	}
	a.Settle(nil)
	if user := ctx.Value(ctxKey("user")); user != nil {
		t.Errorf("the next call runs in the context of %v", user)
	}
}
