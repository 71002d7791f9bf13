package share_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/share"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
	"github.com/afloat-go/afloat/interceptors/rules"
)

//nolint:paralleltest // policytest.Run measures allocations
func TestConformance(t *testing.T) {
	policytest.Run(t, newShare, policytest.WithRefusing(newUsedUp))
}

// newShare returns a policy with a small limit, so that leaks use it up.
func newShare(tb testing.TB) policy.Policy {
	tb.Helper()
	return shareOf(tb, share.Config{PerTenant: 4})
}

// newUsedUp returns a policy that refuses every call.
func newUsedUp(tb testing.TB) policy.Policy {
	tb.Helper()
	s := shareOf(tb, share.Config{PerTenant: 1})
	if _, err := s.Acquire(context.Background(), new(policy.Call)); err != nil {
		tb.Fatal(err)
	}
	return s // and that call never ends
}

func shareOf(tb testing.TB, cfg share.Config) *share.Share {
	tb.Helper()
	s, err := share.New("test", cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// of returns the context of a call that the server has from a tenant.
func of(tenant string) context.Context {
	return metadata.NewIncomingContext(context.Background(), metadata.Pairs("tenant", tenant))
}

func TestEachTenantHasAShareOfItsOwn(t *testing.T) {
	t.Parallel()
	s := shareOf(t, share.Config{PerTenant: 1})
	permit, err := s.Acquire(of("a"), new(policy.Call))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Acquire(of("a"), new(policy.Call)); !errors.Is(err, share.ErrUsedUp) || status.Code(err) != codes.ResourceExhausted {
		t.Errorf("second call of a: %v; want ErrUsedUp as RESOURCE_EXHAUSTED", err)
	}
	if _, err := s.Acquire(of("b"), new(policy.Call)); err != nil {
		t.Errorf("first call of b: %v; want nil", err)
	}
	permit.Settler.Settle(permit.Token, new(policy.Outcome))
	if _, err := s.Acquire(of("a"), new(policy.Call)); err != nil {
		t.Errorf("call of a after its first: %v; want nil", err)
	}
}

func TestShadowOnlyWatches(t *testing.T) {
	t.Parallel()
	s := shareOf(t, share.Config{PerTenant: 1, Shadow: true})
	for i, want := range []policy.Notes{0, policy.NoteShadowed} {
		call := new(policy.Call)
		if _, err := s.Acquire(of("a"), call); err != nil || call.Notes != want {
			t.Errorf("call %d: notes %d, %v; want %d", i, call.Notes, err, want)
		}
	}
}

// A change of the rules leaves the calls in flight counted.
func TestUpdate(t *testing.T) {
	t.Parallel()
	set, err := interceptors.NewRules(serverRules(1))
	if err != nil {
		t.Fatal(err)
	}
	call := &policy.Call{Method: "/shop.Catalog/Get", Side: policy.Server}
	admit := func() error {
		_, err := set.Resolve(call).Policies()[0].Acquire(of("a"), call)
		return err
	}
	first, second := admit(), admit()
	if err := set.Apply(serverRules(2)); err != nil {
		t.Fatal(err)
	}
	third, fourth := admit(), admit()
	if first != nil || second == nil || third != nil || fourth == nil {
		t.Errorf("%v, %v; after the change %v, %v; want one call admitted, then one more", first, second, third, fourth)
	}
}

func serverRules(perTenant int) []rules.Rule {
	return []rules.Rule{{
		Match: "/shop.*", Sides: []policy.Side{policy.Server},
		Policies: []rules.Template{share.Each(share.Config{PerTenant: perTenant}).Per(rules.PerTarget)},
	}}
}

// Faults of a configuration are found when the rules are built.
func ExampleEach() {
	_, err := interceptors.NewRules([]rules.Rule{{
		Match:    "/shop.*",
		Policies: []rules.Template{share.Each(share.Config{}).Per(rules.PerTarget)},
	}})
	fmt.Println(err)
	// Output:
	// rule "/shop.*": share: per_tenant = 0; must be in [1, 10000]
}
