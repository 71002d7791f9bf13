package telemetry_test

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// gauged is a policy of somebody else's that shows numbers.
type gauged struct{ shown policy.Gauges }

func (*gauged) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

func (g *gauged) Gauges(to *policy.Gauges) { *to = g.shown }

// list is one that cannot be compared.
type list []policy.Gauge

func (list) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

func (l list) Gauges(g *policy.Gauges) { g.Name, g.All = "list", append(g.All, l...) }

// showing is a template of policies that show a number.
func showing(name string, value int64) rules.Template {
	return rules.Template{New: func(rules.Key) (policy.Policy, error) {
		return &gauged{policy.Gauges{All: []policy.Gauge{{Name: name, Value: value}}}}, nil
	}}
}

// Whatever policies show of themselves is measured, also of kinds that come with a change
// of the rules.
func TestNumbersOfAnyPolicy(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	r := b.guard(t, breaker.Each(breaker.Config{}), showing("quota.used", 7))
	call := &policy.Call{Method: "/a.B/C", Target: "rig:443"}
	r.Resolve(call)
	b.wantPoints(t, "afloat.client.quota.used", "afloat.policy.name=/a.B/C"+at+": 7")
	b.wantPoints(t, "afloat.client.circuit_breaker.state", states("afloat.policy.name=/a.B/C"+at, "closed")...)
	if err := r.Apply([]rules.Rule{{Match: "*", Policies: []rules.Template{showing("quota.used", 8), showing("tenant.count", 2)}}}); err != nil {
		t.Fatal(err)
	}
	r.Resolve(call)
	b.wantPoints(t, "afloat.client.quota.used", "afloat.policy.name=/a.B/C"+at+": 8")
	b.wantPoints(t, "afloat.client.tenant.count", "afloat.policy.name=/a.B/C"+at+": 2")
	b.wantPoints(t, "afloat.client.circuit_breaker.state")
	b.wantPoints(t, "afloat.rules.keys", ": 1")
	runtime.KeepAlive(r)
}

// Times are in seconds, and of policies that have the same name the longest is shown.
func TestTimesOfPolicies(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	for _, d := range []time.Duration{20 * time.Millisecond, 1500 * time.Millisecond, 0} {
		b.WatchPolicies(&gauged{policy.Gauges{Name: "calls", All: []policy.Gauge{{Name: "calls.usual", IsTime: true, Time: d}}}})
	}
	b.wantPoints(t, "afloat.local.calls.usual", "afloat.policy.name=calls: 1.5")
}

// A number with states has a series for each, up to a bound.
func TestStatesOfNumbersAreBounded(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	g := &gauged{policy.Gauges{Name: "phases", Shadow: true}}
	for i := range 8 {
		g.shown.All = append(g.shown.All, policy.Gauge{Name: "phase", State: strconv.Itoa(i), Value: 1})
	}
	b.WatchPolicies(g, list{{Name: "list.length", Value: 3}})
	b.WatchPolicies(g)
	var want []string
	for _, state := range []string{"0: 1", "1: 1", "2: 1", "3: 1", "4: 1", "5: 1", "_OTHER: 2"} {
		state, n, _ := strings.Cut(state, ":")
		want = append(want, "afloat.phase="+state+" afloat.policy.name=phases afloat.policy.shadow=true:"+n)
	}
	b.wantPoints(t, "afloat.local.phase", want...)
	b.wantPoints(t, "afloat.local.list.length", "afloat.policy.name=list: 3")
}

// A name that is none, and a policy that panics, take nothing with them.
func TestNumbersThatCannotBeMeasured(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.WatchPolicies((*gauged)(nil), nil, &gauged{policy.Gauges{All: []policy.Gauge{{Name: "a b"}, {Name: "fine", Value: 1}}}})
	b.wantPoints(t, "afloat.local.fine", "afloat.policy.name=: 1")
	b.wantLog(t, `level=WARN msg="policies have numbers that cannot be measured" error="invalid instrument name: afloat.client.a b: must only contain `+
		`[A-Za-z0-9_.-/]"`)
}
