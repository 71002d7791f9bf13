package rules_test

import (
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func TestResolveDoesNotAllocate(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	all := rulesOf(t, []rules.Rule{{Match: "*", Policies: []rules.Template{template("any")}}})
	known := policy.Call{Method: method, Target: "dns:///shop"}
	all.Resolve(&known)
	elsewhere := policy.Call{Method: strings.Clone(method), Target: strings.Clone(known.Target)}
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{"Resolve", func() { all.Resolve(&known) }},
		{"Resolve, strings elsewhere", func() { all.Resolve(&elsewhere) }},
		{"Resolve, unguarded", func() { all.Resolve(&policy.Call{Method: "/grpc.health.v1.Health/Check"}) }},
		{"unregistered", func() { all.Resolve(new(unregistered(known))) }},
	} {
		if got := testing.AllocsPerRun(1000, tt.f); got != 0 && !raceEnabled {
			t.Errorf("%s: %v allocations; want 0", tt.name, got)
		}
	}
}

// A server's stream has a method string of its own each time, more of them
// than the rules remember the places of.
func TestResolveOfManyCopiesDoesNotAllocate(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	all := rulesOf(t, []rules.Rule{{Match: "*", Policies: []rules.Template{template("any")}}})
	want := all.Resolve(&policy.Call{Method: method})
	copies := make([]policy.Call, 3000)
	for i := range copies {
		copies[i].Method = strings.Clone(method)
	}
	// The first of them fill all places there are.
	next := 0
	resolve := func() {
		if all.Resolve(new(copies[next])) != want {
			t.Error("a copy of the method has another chain")
		}
		next++
	}
	for range 1000 {
		resolve()
	}
	if got := testing.AllocsPerRun(1000, resolve); got != 0 && !raceEnabled {
		t.Errorf("%v allocations; want 0", got)
	}
}
