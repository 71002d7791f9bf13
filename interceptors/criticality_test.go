package interceptors_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// marksSeen is what a server saw of how much calls matter.
type marksSeen struct{ marks []string }

// note returns a handler that notes what its context says, and then goes on.
func (s *marksSeen) note(next func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		s.marks = append(s.marks, criticality.Of(ctx).String())
		if next == nil {
			return nil
		}
		return next(ctx)
	}
}

// take returns what was seen since.
func (s *marksSeen) take() []string {
	defer func() { s.marks = nil }()
	return s.marks
}

// bothWays makes a unary call and a stream.
func bothWays(ctx context.Context, cc *grpc.ClientConn) error {
	if err := rpctest.Invoke(ctx, cc); err != nil {
		return err
	}
	if err := streamed(ctx, cc); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// What a caller says arrives at every tier, by unary calls and by streams, of guarded
// methods and of unguarded ones, also if a call is made past the guard.
func TestCriticalityTravels(t *testing.T) {
	t.Parallel()
	chain := rpctest.ChainOf(t, new(policytest.Spy))
	for name, r := range map[string]policy.Resolver{"guarded": rpctest.One{Chain: chain}, "unguarded": rpctest.One{}} {
		for opt, opts := range map[string][]grpc.CallOption{"": nil, "skipped": {policy.Skip()}} {
			var leaf, middle marksSeen
			last := hosted(t, failing(leaf.note(nil)), interceptors.ServerOptions(r), interceptors.DialOptions(r)...)
			mid := hosted(t, failing(middle.note(func(ctx context.Context) error {
				if err := rpctest.Invoke(ctx, last, opts...); err != nil {
					return err
				}
				return streamedOrEOF(ctx, last)
			})), interceptors.ServerOptions(r), interceptors.DialOptions(r)...)
			ctx := criticality.WithCohort(criticality.With(t.Context(), criticality.Critical), "Ada")
			want := criticality.Of(ctx).String()
			if err := bothWays(ctx, mid); err != nil {
				t.Fatal(err)
			}
			if got := middle.take(); !slices.Equal(got, []string{want, want}) {
				t.Errorf("%s %s: the middle saw %q; want %q", name, opt, got, want)
			}
			if got := leaf.take(); !slices.Equal(got, []string{want, want, want, want}) {
				t.Errorf("%s %s: the leaf saw %q; want %q", name, opt, got, want)
			}
			if err := bothWays(t.Context(), mid); err != nil {
				t.Fatal(err)
			}
			if got := append(middle.take(), leaf.take()...); !slices.Equal(got, []string{"", "", "", "", "", ""}) {
				t.Errorf("%s %s: nobody said anything, and the tiers saw %q", name, opt, got)
			}
		}
	}
}

// streamedOrEOF makes a stream whose good end is no error.
func streamedOrEOF(ctx context.Context, cc *grpc.ClientConn) error {
	if err := streamed(ctx, cc); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// A service below may make a call matter less, and never more: in its code, by its rules,
// or by what it copies from its caller.
func TestCriticalityIsNeverRaisedBelow(t *testing.T) {
	t.Parallel()
	raising := rulesOf(t, rules.Rule{Match: "*", Criticality: criticality.Critical})
	for name, forward := range map[string]func(context.Context) context.Context{
		"by code": func(ctx context.Context) context.Context { return criticality.With(ctx, criticality.Critical) },
		"by rule": func(ctx context.Context) context.Context { return ctx },
		"by metadata": func(ctx context.Context) context.Context {
			return metadata.AppendToOutgoingContext(ctx, criticality.Key, "critical")
		},
		"by a copy": func(ctx context.Context) context.Context {
			md, _ := metadata.FromIncomingContext(ctx)
			md.Set(criticality.Key, "critical")
			return metadata.NewOutgoingContext(ctx, md)
		},
	} {
		var leaf marksSeen
		last := hosted(t, failing(leaf.note(nil)), interceptors.ServerOptions(raising), interceptors.DialOptions(raising)...)
		mid := hosted(t, failing(func(ctx context.Context) error { return bothWays(forward(ctx), last) }),
			interceptors.ServerOptions(raising), interceptors.DialOptions(rpctest.One{})...)
		for _, said := range []criticality.Class{criticality.Low, criticality.Medium, criticality.High} {
			if err := rpctest.Invoke(criticality.With(t.Context(), said), mid); err != nil {
				t.Fatal(err)
			}
			if got := leaf.take(); !slices.Equal(got, []string{said.String(), said.String()}) {
				t.Errorf("%s: a call of class %v arrives as %q", name, said, got)
			}
		}
	}
}

// The rule for a method says how much its calls matter that say nothing, and lowers those
// that say too much, on either side; policies see it.
func TestCriticalityOfRules(t *testing.T) {
	t.Parallel()
	for rule, tests := range map[criticality.Class]map[criticality.Class]string{
		criticality.Critical: {criticality.Unset: "critical", criticality.Low: "low"},
		criticality.Low:      {criticality.Unset: "low", criticality.Critical: "low"},
		criticality.Unset:    {criticality.Unset: "", criticality.High: "high"},
	} {
		spy := new(policytest.Spy)
		own := rulesOf(t, rules.Rule{Match: "*", Criticality: rule, Policies: []rules.Template{rules.Use(spy)}})
		for side, of := range map[string]struct{ client, server policy.Resolver }{
			"client": {own, rpctest.One{}}, "server": {rpctest.One{}, own},
		} {
			var leaf marksSeen
			cc := hosted(t, failing(leaf.note(nil)), interceptors.ServerOptions(of.server), interceptors.DialOptions(of.client)...)
			for said, want := range tests {
				if err := bothWays(criticality.With(t.Context(), said), cc); err != nil {
					t.Fatal(err)
				}
				asked := spy.Asked()
				if got := leaf.take(); !slices.Equal(got, []string{want, want}) || asked[len(asked)-1].Criticality.String() != want {
					t.Errorf("rule %q on the %s: a call of class %q arrives as %q, its policy saw %q; want %q",
						rule, side, said, got, asked[len(asked)-1].Criticality, want)
				}
			}
		}
	}
}

// A server at the edge believes nobody, unless a caller is trusted; another one believes
// everybody, unless a caller is not.
func TestCriticalityFromStrangers(t *testing.T) {
	t.Parallel()
	trusted := func(ctx context.Context) bool {
		return slices.Equal(metadata.ValueFromIncomingContext(ctx, "token"), []string{"known"})
	}
	for name, tt := range map[string]struct {
		opts           []interceptors.ServerOption
		stranger, know string
	}{
		"inside":             {nil, "critical;cohort=7", "critical;cohort=7"},
		"edge":               {[]interceptors.ServerOption{interceptors.WithEdge()}, "", ""},
		"silent":             {[]interceptors.ServerOption{interceptors.WithSilence()}, "", ""},
		"edge with trust":    {[]interceptors.ServerOption{interceptors.WithEdge(), interceptors.WithTrustedCallers(trusted)}, "", "critical;cohort=7"},
		"trust before":       {[]interceptors.ServerOption{interceptors.WithTrustedCallers(trusted), interceptors.WithSilence()}, "", "critical;cohort=7"},
		"inside with trust":  {[]interceptors.ServerOption{interceptors.WithTrustedCallers(trusted)}, "", "critical;cohort=7"},
		"nil is the default": {[]interceptors.ServerOption{interceptors.WithEdge(), interceptors.WithTrustedCallers(nil)}, "", ""},
	} {
		var leaf, below marksSeen
		last := hosted(t, failing(below.note(nil)), interceptors.ServerOptions(rpctest.One{}), interceptors.DialOptions(rpctest.One{})...)
		cc := hosted(t, failing(leaf.note(func(ctx context.Context) error {
			md, _ := metadata.FromIncomingContext(ctx)
			return rpctest.Invoke(metadata.NewOutgoingContext(ctx, md), last)
		})), interceptors.ServerOptions(rpctest.One{}, tt.opts...))
		stranger := metadata.AppendToOutgoingContext(t.Context(), criticality.Key, "critical;cohort=7")
		known := metadata.AppendToOutgoingContext(stranger, "token", "known")
		for want, ctx := range map[*string]context.Context{&tt.stranger: stranger, &tt.know: known} {
			if err := bothWays(ctx, cc); err != nil {
				t.Fatal(err)
			}
			if got, all := append(leaf.take(), below.take()...), []string{*want, *want, *want, *want}; !slices.Equal(got, all) {
				t.Errorf("%s: handlers saw %q; want %q", name, got, all)
			}
		}
	}
}

// The server at the edge puts calls into cohorts, which all tiers below see; a cohort that
// a trusted caller says stays.
func TestCohortsFromTheEdge(t *testing.T) {
	t.Parallel()
	user := func(ctx context.Context) string {
		if values := metadata.ValueFromIncomingContext(ctx, "user"); len(values) > 0 {
			return values[0]
		}
		return ""
	}
	var leaf marksSeen
	last := hosted(t, failing(leaf.note(nil)), interceptors.ServerOptions(rpctest.One{}), interceptors.DialOptions(rpctest.One{})...)
	cc := hosted(t, failing(func(ctx context.Context) error { return bothWays(ctx, last) }),
		interceptors.ServerOptions(rpctest.One{}, interceptors.WithCohorts(user)), interceptors.DialOptions(rpctest.One{})...)
	ada := criticality.Mark{Cohort: criticality.CohortOf("Ada")}.String()
	for want, ctx := range map[string]context.Context{
		"":            t.Context(),
		ada:           metadata.AppendToOutgoingContext(t.Context(), "user", "Ada"),
		"low" + ada:   criticality.With(metadata.AppendToOutgoingContext(t.Context(), "user", "Ada"), criticality.Low),
		";cohort=128": criticality.Mark{Cohort: 128}.In(metadata.AppendToOutgoingContext(t.Context(), "user", "Ada")),
	} {
		if err := rpctest.Invoke(ctx, cc); err != nil {
			t.Fatal(err)
		}
		if got := leaf.take(); !slices.Equal(got, []string{want, want}) {
			t.Errorf("the leaf saw %q; want %q", got, want)
		}
	}
}

// A plan's calls for what its answer can do without matter one class less; if the caller
// wants all or nothing, they do not.
func TestPlansLowerOptionalSources(t *testing.T) {
	t.Parallel()
	type answer struct{ required, optional, elements string }
	mark := func(ctx context.Context, _ string) (string, error) { return criticality.Of(ctx).String(), nil }
	plan, err := fanout.NewPlan("page",
		fanout.Required("required", mark, func(a *answer, s string) { a.required = s }),
		fanout.Optional("optional", mark, func(a *answer, s string) { a.optional = s }),
		fanout.Each("elements", func(string) []int { return []int{1} },
			func(ctx context.Context, req string, _ int) (string, error) { return mark(ctx, req) },
			func(a *answer, all []string) { a.elements = all[0] }),
	)
	if err != nil {
		t.Fatal(err)
	}
	for said, want := range map[criticality.Class]answer{
		criticality.Unset:    {"", "medium", "medium"},
		criticality.Critical: {"critical", "high", "high"},
		criticality.Low:      {"low", "low", "low"},
	} {
		var got answer
		if _, err := plan.Gather(criticality.With(t.Context(), said), "", &got); err != nil || got != want {
			t.Errorf("of a call of class %q, sources make calls of %+v, %v; want %+v", said, got, err, want)
		}
	}
}

// Functions under rules are of a class too.
func TestCriticalityOfFunctions(t *testing.T) {
	t.Parallel()
	spy := new(policytest.Spy)
	chain, err := policy.NewChain([]policy.Policy{spy}, policy.WithCriticality(criticality.Medium))
	if err != nil {
		t.Fatal(err)
	}
	for said, want := range map[criticality.Class]criticality.Class{
		criticality.Unset: criticality.Medium, criticality.Critical: criticality.Medium, criticality.Low: criticality.Low,
	} {
		if err := chain.Run(criticality.With(t.Context(), said), "query", func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		asked := spy.Asked()
		if got := asked[len(asked)-1].Criticality.Class; got != want {
			t.Errorf("a function of class %q is asked for as %q; want %q", said, got, want)
		}
	}
}

// rulesOf returns the rules alone.
func rulesOf(t *testing.T, list ...rules.Rule) *rules.Rules {
	t.Helper()
	r, err := rules.New(list)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
