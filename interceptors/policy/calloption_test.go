package policy_test

import (
	"testing"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/policy"
)

func TestOverridesOf(t *testing.T) {
	t.Parallel()
	one, two := newChain(t, nil), newChain(t, nil)
	says := func(v policy.Verdict) policy.Classifier { return func(error) policy.Verdict { return v } }
	foreign := []grpc.CallOption{grpc.WaitForReady(true), grpc.EmptyCallOption{}, nil}
	for _, tt := range []struct {
		name string
		opts []grpc.CallOption
		want policy.Overrides
		// reads is what the classifier makes of an error.
		reads policy.Verdict
	}{
		{"none", nil, policy.Overrides{}, policy.Failure},
		{"foreign ones", foreign, policy.Overrides{}, policy.Failure},
		{"skip", []grpc.CallOption{policy.Skip()}, policy.Overrides{Skip: true}, policy.Failure},
		{
			"override", append(foreign, policy.Override(one)),
			policy.Overrides{Chain: one, Replace: true},
			policy.Failure,
		},
		{
			"override by none",
			[]grpc.CallOption{policy.Override(nil)},
			policy.Overrides{Replace: true},
			policy.Failure,
		},
		{
			"the later override",
			[]grpc.CallOption{policy.Override(one), foreign[0], policy.Override(two)},
			policy.Overrides{Chain: two, Replace: true},
			policy.Failure,
		},
		{
			"the later override, by none",
			[]grpc.CallOption{policy.Override(one), policy.Override(nil)},
			policy.Overrides{Replace: true},
			policy.Failure,
		},
		{
			"override after skip",
			[]grpc.CallOption{policy.Skip(), policy.Override(one)},
			policy.Overrides{Chain: one, Replace: true},
			policy.Failure,
		},
		{
			"skip after override",
			[]grpc.CallOption{policy.Override(one), policy.Skip()},
			policy.Overrides{Skip: true, Chain: one, Replace: true},
			policy.Failure,
		},
		{
			"reclassify",
			[]grpc.CallOption{policy.Reclassify(says(policy.Ignored))},
			policy.Overrides{},
			policy.Ignored,
		},
		{
			"reclassify by none",
			[]grpc.CallOption{policy.Reclassify(says(policy.Ignored)), policy.Reclassify(nil)},
			policy.Overrides{},
			policy.Ignored,
		},
		{
			"the later classifier, and a skip in between",
			[]grpc.CallOption{policy.Reclassify(says(policy.Ignored)), policy.Skip(), policy.Reclassify(says(policy.Success))},
			policy.Overrides{Skip: true},
			policy.Success,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := policy.OverridesOf(tt.opts)
			if got.Skip != tt.want.Skip || got.Chain != tt.want.Chain || got.Replace != tt.want.Replace {
				t.Errorf("OverridesOf = %+v; want %+v", got, tt.want)
			}
			if v := got.Classifier.Verdict(errDown); v != tt.reads {
				t.Errorf("the classifier says %v; want %v", v, tt.reads)
			}
		})
	}
}
