package policytest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// An honest policy passes.
func TestRunHonest(t *testing.T) { //nolint:paralleltest // Run measures allocations
	Run(t, honest, WithRefusing(full))
}

// So does one that has no limit.
func TestRunUnlimited(t *testing.T) { //nolint:paralleltest // Run measures allocations
	Run(t, func(testing.TB) policy.Policy { return &unlimited{} })
}

type unlimited struct{}

func (*unlimited) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

func honest(tb testing.TB) policy.Policy {
	tb.Helper()
	return newFlawed(tb, flaws{}, honestPlaces)
}

func full(tb testing.TB) policy.Policy {
	tb.Helper()
	return newFlawed(tb, flaws{}, 0)
}

// Each broken policy fails the check that is about its flaw.
func TestRunBites(t *testing.T) { //nolint:paralleltest // Run measures allocations
	tests := []struct {
		name  string
		flaws flaws
		fails string
		says  string
	}{
		{
			name:  "takes centuries for no time",
			flaws: flaws{overflows: true},
			fails: "FarDeadline", says: "is refused: flawed: full",
		},
		{
			name:  "leaks a place on failure",
			flaws: flaws{leaksOn: func(o policy.Outcome) bool { return o.Verdict == policy.Failure }},
			fails: "Ends/failure", says: "a call is refused: flawed: full",
		},
		{
			name:  "leaks a place on cancel",
			flaws: flaws{leaksOn: func(o policy.Outcome) bool { return o.Verdict == policy.Ignored }},
			fails: "Ends/cancel", says: "a call is refused: flawed: full",
		},
		{
			name: "leaks a place on panic",
			flaws: flaws{leaksOn: func(o policy.Outcome) bool {
				return errors.Is(o.Err, policy.ErrPanicked)
			}},
			fails: "Ends/panic", says: "a call is refused: flawed: full",
		},
		{
			name: "leaks a place on Goexit",
			flaws: flaws{leaksOn: func(o policy.Outcome) bool {
				return errors.Is(o.Err, policy.ErrPanicked)
			}},
			fails: "Ends/goexit", says: "a call is refused: flawed: full",
		},
		{
			name:  "settles nothing when not started",
			flaws: flaws{leaksOn: func(o policy.Outcome) bool { return o.Verdict == policy.NotStarted }},
			fails: "Ends/refused further in", says: "a call is refused: flawed: full",
		},
		{
			name: "leaks one place of four",
			flaws: flaws{leaksOn: func() func(policy.Outcome) bool {
				var once sync.Once
				return func(policy.Outcome) (leaks bool) {
					once.Do(func() { leaks = true })
					return leaks
				}
			}()},
			fails: "Ends/success", says: "Idle() = false",
		},
		{
			name:  "is never idle",
			flaws: flaws{alwaysBusy: true},
			fails: "Late", says: "Idle() = false",
		},
		{
			name:  "panics on a late message",
			flaws: flaws{panicsAfterEnd: true},
			fails: "Late", says: "the policy panicked: flawed",
		},
		{
			name:  "panics when asked",
			flaws: flaws{panicsOnAcquire: true},
			fails: "Ends/success", says: "the policy panicked: flawed",
		},
		{
			name:  "blocks under a context that is done",
			flaws: flaws{ignoresContext: true},
			fails: "DoneContext", says: "with room, Acquire blocks under a context that is done",
		},
		{
			name:  "takes a place when it refuses",
			flaws: flaws{refusalTakes: true},
			fails: "Saturated", says: "a call is refused: flawed: full",
		},
		{
			name:  "leaks a place under load",
			flaws: flaws{leaksOn: func(o policy.Outcome) bool { return o.Verdict != policy.Success }},
			fails: "ConcurrentSafe", says: "a call is refused: flawed: full",
		},
		{
			name:  "remembers every call",
			flaws: flaws{remembersCalls: true},
			fails: "Memory", says: "bytes in use",
		},
		{
			name:  "allocates ever more",
			flaws: flaws{allocatesMore: true},
			fails: "Memory", says: "a call allocates 0 times at first",
		},
	}
	for _, tt := range tests { //nolint:paralleltest // as above
		t.Run(tt.name, func(t *testing.T) {
			s := suite{newPolicy: func(tb testing.TB) policy.Policy {
				tb.Helper()
				return newFlawed(tb, tt.flaws, honestPlaces)
			}}
			mustFail(t, s, tt.fails, tt.says)
		})
	}
}

// A policy whose queue ignores contexts fails Leave.
func TestRunBitesQueues(t *testing.T) {
	t.Parallel()
	s := suite{newPolicy: func(tb testing.TB) policy.Policy {
		tb.Helper()
		return &deaf{flawed: newFlawed(tb, flaws{}, honestPlaces)}
	}}
	mustFail(t, s, "Leave", "252 calls are blocked in Acquire after its deadline")
	mustFail(t, s, "Saturated", "a call with a deadline of 1s is blocked after 3s")
}

// deaf waits for a place without an eye on the context.
type deaf struct{ *flawed }

func (p *deaf) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	for {
		permit, err := p.flawed.Acquire(context.WithoutCancel(ctx), call)
		if err == nil {
			return policy.Permit{Settler: permit.Settler}, nil
		}
		select {
		case <-p.freed:
			return policy.Permit{}, err
		case <-time.After(2 * rest):
		}
	}
}

// Each bad refusal fails Refusal.
func TestRefusalBites(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		flaws  flaws
		places int
		says   string
	}{
		{name: "admits", places: 1, says: "a policy made to refuse admits a unary call"},
		{
			name:  "no rejection",
			flaws: flaws{rejection: func(string) error { return errNoPlace }},
			says:  "a refusal is a *errors.errorString; want a *policy.Rejection",
		},
		{
			name: "no policy",
			flaws: flaws{rejection: func(method string) error {
				return &policy.Rejection{Method: method, Reason: "NO_PLACE"}
			}},
			says: `has the policy "" and the reason "NO_PLACE"`,
		},
		{
			name: "no reason",
			flaws: flaws{rejection: func(method string) error {
				return &policy.Rejection{Kind: "flawed", Method: method}
			}},
			says: `has the policy "flawed" and the reason ""`,
		},
		{
			name:  "another call's method",
			flaws: flaws{staleMethod: true},
			says:  "a call to /policytest.v1.Conformance/Two has the method /policytest.v1.Conformance/One",
		},
		{
			name: "a status of its own",
			flaws: flaws{rejection: func(method string) error {
				return bare{reject(method)}
			}},
			says: `the ErrorInfo of a rejection has the reason "", the rejection "NO_PLACE"`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := suite{refusing: func(tb testing.TB) policy.Policy {
				tb.Helper()
				return newFlawed(tb, tt.flaws, tt.places)
			}}
			mustFail(t, s, "Refusal", tt.says)
		})
	}
}

// A refusal that puts off the end of a refusing time is told by the control.
func TestRefusalTakesNothingBites(t *testing.T) {
	t.Parallel()
	refusing := func(putOff time.Duration) suite {
		return suite{refusing: func(tb testing.TB) policy.Policy {
			tb.Helper()
			return &recovering{newFlawed(tb, flaws{}, 0), time.Now().Add(time.Hour), putOff}
		}}
	}
	mustFail(t, refusing(time.Hour), "RefusalTakesNothing", "after 256 refusals and 48h0m0s a call gets flawed: full")
	if got := failures(t, refusing(0), "RefusalTakesNothing"); len(got) > 0 {
		t.Errorf("failures = %q; want none", got)
	}
	mustFail(t, suite{refusing: honest}, "RefusalTakesNothing", "a policy made to refuse admits call 1")
}

// mustFail wants the named check of s to fail with a message that contains says.
func mustFail(t *testing.T, s suite, name, says string) {
	t.Helper()
	got := failures(t, s, name)
	if !slices.ContainsFunc(got, func(f string) bool { return strings.Contains(f, says) }) {
		t.Errorf("failures of %s = %q; want one that says %q", name, got, says)
	}
}

// failures runs the named check and returns what it reports.
func failures(t *testing.T, s suite, name string) []string {
	t.Helper()
	checks := s.checks()
	i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("there is no check %q", name)
	}
	d := &double{}
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		d.TB = t
		done := make(chan struct{})
		go func() {
			defer close(done)
			checks[i].run(d, s)
		}()
		<-done
	})
	return d.failures
}

// double is a testing.TB that notes failures and does not fail.
type double struct {
	testing.TB

	mu       sync.Mutex
	failures []string
}

func (d *double) Errorf(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failures = append(d.failures, fmt.Sprintf(format, args...))
}

func (d *double) Fatalf(format string, args ...any) {
	d.Errorf(format, args...)
	runtime.Goexit()
}

// bare is an error that keeps the rejection in its tree but not its status.
type bare struct{ error }

func (b bare) Unwrap() error { return b.error }

func (bare) GRPCStatus() *status.Status { return status.New(codes.Unavailable, "bare") }
