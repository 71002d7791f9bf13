package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// The log tells why a circuit opened and on what figures, and that it closed again.
func TestTransitions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		answer := errDown
		cfg := refusing
		cfg.SuccessesToClose = 1
		cc := b.serve(t, rpctest.Rig{Unary: func(context.Context) error { return answer }}, b.guard(t), b.guard(t, breaker.Each(cfg)))
		const head = `level=WARN msg="circuit changed its state" policy=breaker name=/rig.v1.Rig/Unary side=client `
		_ = rpctest.Invoke(t.Context(), cc)
		b.wantLog(t, head+"from=closed to=open cause=consecutive_failures calls=1 failures=1 slow=0 overdue=0 target=passthrough:///rig:443 for=5s")
		_ = rpctest.Invoke(t.Context(), cc)
		b.wantLog(t) // a refusal is no news
		time.Sleep(cfg.OpenFor)
		answer = nil
		_ = rpctest.Invoke(t.Context(), cc)
		const tail = " calls=0 failures=0 slow=0 overdue=0 target=passthrough:///rig:443"
		b.wantLog(t, head+"from=open to=closed cause=probe_succeeded"+tail)

		const name = "afloat.policy.kind=breaker afloat.policy.name=/rig.v1.Rig/Unary "
		b.wantPoints(
			t, "afloat.client.circuit_breaker.transitions",
			name+"afloat.transition.cause=consecutive_failures afloat.transition.from=closed afloat.transition.to=open"+at+": 1",
			name+"afloat.transition.cause=probe_succeeded afloat.transition.from=open afloat.transition.to=closed"+at+": 1",
		)
	})
}

// Every figure of a change is told, each by its own name.
func TestFiguresOfTransitions(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.Transition(policy.Transition{
		Kind: "breaker", Name: "n", Side: policy.Local, From: "closed", To: "open", Cause: "slow",
		Calls: 1, Failures: 2, Slow: 3, Overdue: 4, At: 5, Until: 6,
	})
	b.wantLog(t, `level=WARN msg="circuit changed its state" policy=breaker name=n side=local from=closed to=open cause=slow `+
		`calls=1 failures=2 slow=3 overdue=4 for=1ns`)
}

// A call that outlives the state it was admitted in changes nothing, and is counted.
func TestLateResults(t *testing.T) {
	t.Parallel()
	for mode, shadow := range map[breaker.Mode]string{breaker.Automatic: "", breaker.Shadow: " afloat.policy.shadow=true"} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t)
				slow := true
				rig := rpctest.Rig{Unary: func(context.Context) error {
					if slow {
						slow = false
						time.Sleep(time.Second)
					}
					return errDown
				}}
				cfg := refusing
				cfg.Mode = mode
				cc := b.serve(t, rig, b.guard(t), b.guard(t, breaker.Each(cfg).Per(rules.PerTarget)))
				done := make(chan error)
				go func() { done <- rpctest.Invoke(t.Context(), cc) }()
				synctest.Wait()
				_ = rpctest.Invoke(t.Context(), cc)
				if err := <-done; !errors.Is(err, errDown) {
					t.Errorf("error = %v", err)
				}
				b.wantPoints(t, "afloat.client.late_results", "afloat.policy.kind=breaker afloat.policy.name=*"+shadow+at+": 1")
			})
		})
	}
}

// What of a rule decided about the call that caused a change is told where something did.
func TestTransitionsNameConditions(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.Transition(policy.Transition{Kind: "breaker", Name: "n", Side: policy.Local, From: "closed", To: "open", Cause: "failure_ratio", By: "no quote"})
	b.wantLog(t, `level=WARN msg="circuit changed its state" policy=breaker name=n side=local from=closed to=open cause=failure_ratio `+
		`calls=0 failures=0 slow=0 overdue=0 by="no quote"`)
}
