package config_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// sidesWithBreakers tells on which sides a method has a policy in the layer of breakers.
func sidesWithBreakers(s *config.Set, method string) (on []policy.Side) {
	for _, side := range []policy.Side{policy.Client, policy.Server, policy.Local} {
		has := func(p policy.Policy) bool { return policy.LayerOf(p) == policy.LayerBreaker }
		if slices.ContainsFunc(s.Rules().Resolve(&policy.Call{Method: method, Side: side}).Policies(), has) {
			on = append(on, side)
		}
	}
	return on
}

// fuse is a breaker of the program's own.
type fuse struct{}

func (*fuse) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}
func (*fuse) Layer() policy.Layer { return policy.LayerBreaker }

// A rule of a file without a side puts no breaker on servers, unless it says so: alone, in
// a compartment, in shadow, and of a kind of the program's own; nor does one of which
// another source leaves only the servers.
func TestFilesPutBreakersOnServersByNameOnly(t *testing.T) {
	t.Parallel()
	kind := config.WithKind(config.Kind[struct{}, *fuse]{
		Name: "fuse", Watches: true, New: func(rules.Key, struct{}) (*fuse, error) { return new(fuse), nil },
	})
	unnamed := []policy.Side{policy.Client, policy.Local}
	for _, tt := range []struct {
		text string
		code []rules.Rule
		want []policy.Side
	}{
		{text: "rules: [{match: '*', breaker: {}}]", want: unnamed},
		{text: "rules: [{match: '*', breaker: {mode: always_open}}]", want: unnamed},
		{text: "rules: [{match: '*', breaker: {}, shadow: true}]", want: unnamed},
		{text: "rules: [{match: '*', custom: {name: fuse}}]", want: unnamed},
		{text: "{compartments: {a: {breaker: {}}}, rules: [{match: '*', breaker: {compartment: a}}]}", want: unnamed},
		{text: "rules: [{match: '*', side: server, breaker: {}}]", want: []policy.Side{policy.Server}},
		{text: "rules: [{match: '*', side: server, custom: {name: fuse}}]", want: []policy.Side{policy.Server}},
		{
			text: "rules: [{match: '*', breaker: {}}]", want: []policy.Side{policy.Local},
			code: []rules.Rule{{Match: "*", Sides: []policy.Side{policy.Client}}},
		},
		{
			text: "rules: [{match: '*', custom: {name: fuse}}]", want: []policy.Side{policy.Local},
			code: []rules.Rule{{Match: "*", Sides: []policy.Side{policy.Client}}},
		},
	} {
		s := newSet(t, kind, config.WithFile(file(t, tt.text)), config.WithRules(tt.code...), config.WithoutBuiltIn())
		if got := sidesWithBreakers(s, charge); !slices.Equal(got, tt.want) {
			t.Errorf("%s: breakers on %v; want %v", tt.text, got, tt.want)
		}
	}
}

// The snapshot tells what each side has.
func TestSnapshotTellsOfUnsidedBreakers(t *testing.T) {
	t.Parallel()
	s := newSet(t, config.WithFile(file(t, "rules: [{match: '*', breaker: {}, bulkhead: {max_concurrent: 1}}]")))
	told := func(m *policyv1.Snapshot) (all []string) {
		for _, r := range m.GetRules() {
			all = append(all, fmt.Sprint(r.GetRule().GetSide(), r.GetRule().GetBreaker() != nil, r.GetRule().GetBulkhead() != nil))
		}
		return all
	}
	want := []string{"SIDE_CLIENT true true", "SIDE_SERVER false true", "SIDE_LOCAL true true"}
	if got := told(s.Snapshot().Message()); !slices.Equal(got, want) {
		t.Errorf("told are %q; want %q", got, want)
	}
	if err := s.Apply([]rules.Rule{{Match: "*"}}); err != nil {
		t.Fatal(err)
	}
	if got := told(s.Snapshot().Message()); !slices.Equal(got, []string{"SIDE_UNSPECIFIED false false"}) {
		t.Errorf("after a change, told are %q; want a rule without policies", got)
	}
}
