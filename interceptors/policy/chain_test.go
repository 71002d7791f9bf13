package policy_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// unlayered is a policy that does not say where it stands.
type unlayered struct{ name string }

func (unlayered) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

func TestNewChainOrdersByLayer(t *testing.T) {
	t.Parallel()
	at := func(name string, l policy.Layer) policy.Policy { return &stage{name: name, layer: l} }
	all := []policy.Policy{
		at("timeout", policy.LayerTimeout), at("breaker", policy.LayerBreaker),
		at("bulkhead", policy.LayerBulkhead), at("rate", policy.LayerRateLimit),
		at("custom", policy.LayerCustom), at("fault", policy.LayerFault),
	}
	backwards := slices.Clone(all)
	slices.Reverse(backwards)
	for _, tt := range []struct {
		name  string
		given []policy.Policy
		want  string
	}{
		{"none", nil, ""},
		{"in order", all, "timeout breaker bulkhead rate custom fault"},
		{"backwards", backwards, "timeout breaker bulkhead rate custom fault"},
		{
			"one layer keeps the order given",
			[]policy.Policy{
				at("2", policy.LayerBulkhead), at("3", policy.LayerFault), at("1", policy.LayerBulkhead),
				at("4", policy.LayerFault), at("0", policy.LayerBulkhead),
			},
			"2 1 0 3 4",
		},
		{
			"without a layer is custom",
			[]policy.Policy{
				at("fault", policy.LayerFault),
				unlayered{"x"},
				at("custom", policy.LayerCustom), at("rate", policy.LayerRateLimit),
				unlayered{"y"},
			},
			"rate x custom y fault",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, p := range newChain(t, tt.given).Policies() {
				switch p := p.(type) {
				case *stage:
					got = append(got, p.name)
				case unlayered:
					got = append(got, p.name)
				}
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("order = %q; want %q", got, tt.want)
			}
		})
	}
}

func TestChainAsksInOrder(t *testing.T) {
	t.Parallel()
	all, j := stages(3)
	all[0].layer = policy.LayerFault
	all[2].layer = policy.LayerBreaker
	all[1].layer = policy.LayerCustom
	if err := chainOf(t, all).Run(t.Context(), method, func(context.Context) error {
		j.note("call")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	j.want(t, "ask c", "ask b", "ask a", "call", "settle a success", "settle b success", "settle c success")
}

func TestNewChainFaults(t *testing.T) {
	t.Parallel()
	many := func(n int) []policy.Policy { return slices.Repeat([]policy.Policy{unlayered{}}, n) }
	for _, tt := range []struct {
		name  string
		given []policy.Policy
		want  string
	}{
		{"as many as there may be", many(policy.MaxPolicies), ""},
		{"one too many", many(9), "policy: chain has 9 policies; must be at most 8"},
		{"nil", []policy.Policy{nil}, "policy: policy 0 of the chain = nil; must be a policy"},
		{
			"all at once",
			slices.Concat(many(3), []policy.Policy{nil}, many(6), []policy.Policy{nil}),
			"policy: chain has 11 policies; must be at most 8\n" +
				"policy: policy 3 of the chain = nil; must be a policy\n" +
				"policy: policy 10 of the chain = nil; must be a policy",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := policy.NewChain(tt.given)
			switch {
			case tt.want == "" && (err != nil || c == nil):
				t.Errorf("NewChain = %v, %v; want a chain", c, err)
			case tt.want != "" && (err == nil || err.Error() != tt.want || c != nil):
				t.Errorf("NewChain = %v, %v; want nil and\n%s", c, err, tt.want)
			}
		})
	}
}

func TestNilChainAdmits(t *testing.T) {
	t.Parallel()
	var c *policy.Chain
	if got := c.Policies(); got != nil {
		t.Errorf("Policies() = %v; want nil", got)
	}
	if got := c.Observer(); got != nil {
		t.Errorf("Observer() = %v; want nil", got)
	}
	var a policy.Admission
	a.Call = policy.Call{Method: method}
	ctx, err := c.Admit(t.Context(), &a)
	if err != nil || ctx != t.Context() {
		t.Errorf("Admit = %v, %v; want the caller's context and no error", ctx, err)
	}
	a.Settle(errDown)
	a.Abandon()
	if err := c.Run(t.Context(), method, func(context.Context) error { return errPlain }); err != errPlain { //nolint:errorlint // the very same
		t.Errorf("Do = %v; want the function's own error", err)
	}
}

func TestPoliciesReturnsACopy(t *testing.T) {
	t.Parallel()
	all, _ := stages(2)
	given := []policy.Policy{all[0], all[1]}
	c := newChain(t, given)
	given[0] = nil
	c.Policies()[0] = nil
	if got := c.Policies(); got[0] != policy.Policy(all[0]) {
		t.Errorf("the chain's first policy = %v; want what it was made with", got[0])
	}
}

type ctxKey string

func TestContextsGoInward(t *testing.T) {
	t.Parallel()
	all, _ := stages(3)
	seen := func(ctx context.Context) string {
		var names []string
		for _, k := range []string{"caller", "a", "b", "c"} {
			if ctx.Value(ctxKey(k)) != nil {
				names = append(names, k)
			}
		}
		return strings.Join(names, " ")
	}
	root := context.WithValue(t.Context(), ctxKey("caller"), true)
	var got [3]string
	all[0].onAcquire = func(ctx context.Context, _ *policy.Call) {
		got[0] = seen(ctx)
		all[0].context = context.WithValue(ctx, ctxKey("a"), true)
	}
	// b hands out no context of its own.
	all[1].onAcquire = func(ctx context.Context, _ *policy.Call) { got[1] = seen(ctx) }
	all[2].onAcquire = func(ctx context.Context, _ *policy.Call) {
		got[2] = seen(ctx)
		all[2].context = context.WithValue(ctx, ctxKey("c"), true)
	}
	var inCall string
	if err := chainOf(t, all).Run(root, method, func(ctx context.Context) error {
		inCall = seen(ctx)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := [3]string{"caller", "caller a", "caller a"}; got != want {
		t.Errorf("the policies saw the values %q; want %q", got, want)
	}
	if want := "caller a c"; inCall != want {
		t.Errorf("the call saw the values %q; want %q", inCall, want)
	}
}
