package policy_test

import (
	"context"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// asked counts what a judge is asked about.
type asked struct{ times int }

func (*asked) Wants() policy.Wants { return 0 }

func (a *asked) Judge(*policy.Call, *policy.Outcome) (policy.Judgement, bool) {
	a.times++
	return policy.Judgement{Verdict: policy.Failure, By: "any"}, true
}

// Bug: a judge was asked about refusals too, and counted them, before what it said was left
// aside.
func TestJudgesAreNotAskedAboutRefusals(t *testing.T) {
	t.Parallel()
	a := new(asked)
	c, err := policy.NewChain(nil, policy.WithJudge(a))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		err  error
		want int
	}{{&policy.Rejection{Reason: policy.ReasonCircuitOpen}, 0}, {errPlain, 1}} {
		a.times = 0
		_ = c.Run(t.Context(), "f", func(context.Context) error { return tt.err })
		if a.times != tt.want {
			t.Errorf("%v: asked %d times; want %d", tt.err, a.times, tt.want)
		}
	}
}
