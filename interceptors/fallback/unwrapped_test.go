package fallback_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// A list that a plan takes out of a response is as old as the response, and a default if
// that is one, without Embed: by a generated client, by a function of the program's own, and
// for each element. What is degraded within the response makes it partial.
func TestUnwrappedValuesKeepStateAndAge(t *testing.T) {
	t.Parallel()
	type (
		request  = *testv1.GetProfileRequest
		response = *testv1.GetProfileResponse
	)
	fixed := method().Static(&testv1.GetProfileResponse{Tags: []string{"fixed"}})
	for _, tt := range []struct {
		name     string
		step     func(*testing.T) fallback.Step[request, response]
		degraded bool // what the server answers before it fails
		state    degrade.State
		age      time.Duration
	}{
		{name: "last good", state: degrade.Stale, age: time.Hour, step: func(t *testing.T) fallback.Step[request, response] {
			t.Helper()
			return method().LastGood(store(t, fallback.StoreConfig{MaxAge: 24 * time.Hour}), fallback.SameForAll())
		}},
		{name: "static", state: degrade.Defaulted, step: func(*testing.T) fallback.Step[request, response] { return fixed }},
		{name: "another", state: degrade.Substituted, step: func(*testing.T) fallback.Step[request, response] {
			return fallback.To("other", answers("other"))
		}},
		{name: "within", degraded: true, state: degrade.Partial, step: func(*testing.T) fallback.Step[request, response] { return fixed }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				down := false
				cc := (&profiles{get: func(ctx context.Context, _ request) (response, error) {
					if down && !tt.degraded {
						return nil, errDown
					}
					if down {
						_ = degrade.Mark(ctx, "tags", degrade.Stale, degrade.ReasonTimeout)
					}
					return &testv1.GetProfileResponse{Tags: []string{"x"}}, nil
				}}).dial(t, "main", methods(t, method().Else(tt.step(t))))
				client := testv1.NewTierServiceClient(cc)
				own := func(ctx context.Context, req request) ([]string, error) {
					resp, err := client.GetProfile(ctx, req)
					return resp.GetTags(), err
				}
				p, err := fanout.NewPlan("p",
					fanout.Optional("tags", fanout.RPC(client.GetProfile, func(r request) request { return r }), func(to, from response) { to.Tags = from.GetTags() }),
					fanout.Optional("parent.tags", own, func(to response, tags []string) { to.Parent = &testv1.GetProfileResponse{Tags: tags} }),
					fanout.Each("items", func(request) []int { return []int{1} },
						func(ctx context.Context, req request, _ int) (*testv1.Item, error) {
							_, err := own(ctx, req)
							return &testv1.Item{}, err
						},
						func(to response, items []*testv1.Item) { to.Items = items }))
				if err != nil {
					t.Fatal(err)
				}
				if r, err := p.Gather(t.Context(), &testv1.GetProfileRequest{}, &testv1.GetProfileResponse{}); err != nil || !r.Complete() {
					t.Fatalf("before: %v, %v", r, err)
				}
				down = true
				time.Sleep(time.Hour)
				r, err := p.Gather(t.Context(), &testv1.GetProfileRequest{}, &testv1.GetProfileResponse{})
				if err != nil {
					t.Fatal(err)
				}
				for _, path := range []string{"tags", "parent.tags", "items[*]"} {
					if got := r.State(path); got != tt.state || r.Age(path) != tt.age {
						t.Errorf("%s is %v, %v old; want %v, %v", path, got, r.Age(path), tt.state, tt.age)
					}
				}
				if tt.degraded && !slices.ContainsFunc(slices.Collect(r.Markers()), func(m degrade.Marker) bool { return m.Reason == degrade.ReasonUpstreamDegraded }) {
					t.Errorf("%v; want a field that is degraded within", r)
				}
			})
		})
	}
}

// A handler makes its response of several, so one that is old makes it partial, unless it
// says what becomes of it.
func TestHandlersSayWhatBecomesOfWholeResponses(t *testing.T) {
	t.Parallel()
	old := degrade.NewReport(degrade.Marker{State: degrade.Stale, Reason: degrade.ReasonTimeout, Age: time.Hour})
	scoped, scope := degrade.Open(t.Context())
	degrade.Merge(scoped, degrade.Union(old, degrade.NewReport(degrade.Marker{Path: "a", State: degrade.Missing})))
	var states []string
	for m := range scope.Close().Markers() {
		states = append(states, m.Path+" "+m.State.String())
	}
	if want := []string{" partial", " stale"}; !slices.Equal(states, want) {
		t.Errorf("old, and something within missing: %q; want %q", states, want)
	}
}
