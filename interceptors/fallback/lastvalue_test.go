package fallback_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

type (
	asking  = *testv1.GetProfileRequest
	profile = *testv1.GetProfileResponse
)

// byID says that a profile depends on whose it is, and nothing else. There is none without.
func byID(_ context.Context, req asking) (string, bool) {
	if req.GetId() == "oops" {
		panic("oops")
	}
	return req.GetId(), true
}

// getting is a chain of a service and of what it gave last.
func getting(tb testing.TB, name string, server *flaky, kept *fallback.Store) func(context.Context, string) (profile, degrade.Report) {
	tb.Helper()
	c, err := fallback.New(name, fallback.To("service", server.get), fallback.LastGood[asking, profile](kept, byID))
	if err != nil {
		tb.Fatal(err)
	}
	return func(ctx context.Context, id string) (profile, degrade.Report) {
		a, err := c.Do(ctx, &testv1.GetProfileRequest{Id: id})
		if err != nil && status.Code(err) != codes.Unavailable {
			tb.Error(err)
		}
		return a.Value, a.Report
	}
}

func TestChainKeepsLastGoodValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var server flaky
		get := getting(t, "profile", &server, store(t, fallback.StoreConfig{MaxAge: time.Hour}))
		get(t.Context(), "1")
		server.down = true
		time.Sleep(time.Minute)
		if p, r := get(t.Context(), "1"); p.GetName() != "profile of 1" || r.State("") != degrade.Stale || r.Age("") != time.Minute {
			t.Errorf("%v, %v, %v old; want what was given a minute ago", p, r, r.Age(""))
		}
		if p, _ := get(t.Context(), "2"); p != nil {
			t.Errorf("%v; want nothing for another key", p)
		}
		time.Sleep(time.Hour)
		if p, _ := get(t.Context(), "1"); p != nil {
			t.Errorf("%v; want nothing that is so old", p)
		}
	})
}

// What is degraded, whoever says so, is no last good value, and neither is what has no key.
func TestChainKeepsOnlyGoodValues(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		id   string
		get  func(context.Context, asking) (profile, error)
		want bool
	}{
		"good": {"1", func(context.Context, asking) (profile, error) { return &testv1.GetProfileResponse{Name: "Ann"}, nil }, true},
		"its scope says so": {"1", func(ctx context.Context, _ asking) (profile, error) {
			return &testv1.GetProfileResponse{}, degrade.Mark(ctx, "name", degrade.Missing, degrade.ReasonTimeout)
		}, false},
		"its own markers do": {"1", func(context.Context, asking) (profile, error) {
			p := &testv1.GetProfileResponse{}
			degrade.SetResponse(p, degrade.NewReport(degrade.Marker{Path: "name", State: degrade.Missing}))
			return p, nil
		}, false},
		"no key":            {"", func(context.Context, asking) (profile, error) { return &testv1.GetProfileResponse{}, nil }, false},
		"a key that panics": {"oops", func(context.Context, asking) (profile, error) { return &testv1.GetProfileResponse{}, nil }, false},
		"an error":          {"1", func(context.Context, asking) (profile, error) { return nil, errDown }, false},
	} {
		kept := store(t, fallback.StoreConfig{})
		c, err := fallback.New("profile", fallback.To("service", tt.get), fallback.LastGood[asking, profile](kept, byID))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.Do(t.Context(), &testv1.GetProfileRequest{Id: tt.id}); err != nil && !errors.Is(err, errDown) {
			t.Errorf("%s: %v", name, err)
		}
		if got := kept.Len() == 1; got != tt.want {
			t.Errorf("%s: kept %v; want %v", name, got, tt.want)
		}
	}
}

// A store that several share mixes nothing up, whatever their keys are.
func TestSharedStoreMixesNothingUp(t *testing.T) {
	t.Parallel()
	var one, other flaky
	kept := store(t, fallback.StoreConfig{})
	get, getOther := getting(t, "one", &one, kept), getting(t, "other", &other, kept)
	get(t.Context(), "1")
	if err := kept.Put("1", &testv1.GetProfileResponse{Name: "put"}); err != nil {
		t.Fatal(err)
	}
	one.down, other.down = true, true
	if p, _ := getOther(t.Context(), "1"); p != nil {
		t.Errorf("%v; want nothing of another chain's", p)
	}
	if p, _ := get(t.Context(), "1"); p.GetName() != "profile of 1" {
		t.Errorf("%v; want its own", p)
	}
	var p testv1.GetProfileResponse
	if _, err := kept.Get("1", &p); err != nil || p.GetName() != "put" {
		t.Errorf("%v, %v; want what was put", &p, err)
	}
}

func TestPlanKeepsLastGoodValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var server flaky
		kept := store(t, fallback.StoreConfig{})
		elementKey := func(_ context.Context, e fanout.Element[asking, string]) (string, bool) { return e.Key, true }
		p, err := fanout.NewPlan("GetPage",
			fanout.Optional("parent", server.get, func(to, v profile) { to.Parent = v }).
				Else(fallback.LastGood[asking, profile](kept, byID)),
			fanout.Each("items",
				func(asking) []string { return []string{"a", "b"} },
				func(ctx context.Context, _ asking, id string) (*testv1.Item, error) {
					got, err := server.get(ctx, &testv1.GetProfileRequest{Id: id})
					return &testv1.Item{Name: got.GetName()}, err
				},
				func(to profile, items []*testv1.Item) { to.Items = items }).
				Else(fallback.LastGood[fanout.Element[asking, string], *testv1.Item](kept, elementKey)))
		if err != nil {
			t.Fatal(err)
		}
		for _, down := range []bool{false, true} {
			server.down = down
			time.Sleep(time.Minute)
			page := &testv1.GetProfileResponse{}
			r, err := p.Gather(t.Context(), &testv1.GetProfileRequest{Id: "7"}, page)
			if err != nil || page.GetParent().GetName() != "profile of 7" || len(page.GetItems()) != 2 || page.GetItems()[1].GetName() != "profile of b" {
				t.Errorf("down %v: %v, %v", down, page, err)
			}
			if down && (r.State("parent") != degrade.Stale || r.Age("parent") != time.Minute || r.Age("items[*]") != time.Minute) || r.Complete() == down {
				t.Errorf("down %v: %v, %v old", down, r, r.Age("parent"))
			}
		}
	})
}

func TestFaultsOfLastGood(t *testing.T) {
	t.Parallel()
	get := fallback.To("service", func(context.Context, asking) (profile, error) { return nil, errDown })
	kept := store(t, fallback.StoreConfig{})
	for want, s := range map[string]fallback.Step[asking, profile]{
		`fallback "profile", step "last good": store = nil; must be made by NewStore`: fallback.LastGood[asking, profile](nil, byID),
		`fallback "profile", step "last good": key = nil; must be a function`:         fallback.LastGood[asking, profile](kept, nil),
	} {
		_, err := fallback.New("profile", get, s)
		sameLines(t, err, want)
	}
	_, err := fallback.New("profile", fallback.LastGood[asking, profile](kept, byID))
	sameLines(t, err, `fallback "profile": first step = "last good", whose value is stale; must be one whose value is as it should be`)
	_, err = fallback.NewMethods("passthrough:///main", method().Else(fallback.LastGood[asking, profile](kept, byID)))
	if err == nil || !strings.Contains(err.Error(), `step "last good" = of values that a chain keeps; must be made by the method itself`) {
		t.Errorf("%v; want it to say that the method makes its own", err)
	}
}

func TestStoreOfOnesOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := store(t, fallback.StoreConfig{MaxBytes: 1024, MaxAge: time.Minute})
		put := func(name string) error { return kept.Put("key", &testv1.GetProfileResponse{Name: name}) }
		var got testv1.GetProfileResponse
		if _, err := kept.Get("key", &got); !errors.Is(err, fallback.ErrNotKept) {
			t.Errorf("%v; want ErrNotKept", err)
		}
		if err := errors.Join(put("first"), put("second")); err != nil {
			t.Fatal(err)
		}
		at := time.Now()
		time.Sleep(time.Second)
		if asOf, err := kept.Get("key", &got); err != nil || got.GetName() != "second" || !asOf.Equal(at) || kept.Len() != 1 {
			t.Errorf("%v of %v, %v, %d kept; want the second of %v alone", &got, asOf, err, kept.Len(), at)
		}
		if err := put(strings.Repeat("x", 2000)); err == nil || !strings.Contains(err.Error(), "must be at most max_bytes = 1024") {
			t.Errorf("%v; want it to say that there is no room", err)
		}
		if err := put("\xff"); err == nil {
			t.Error("kept what is no message")
		}
		time.Sleep(time.Minute)
		if _, err := kept.Get("key", &got); !errors.Is(err, fallback.ErrNotKept) {
			t.Errorf("%v; want nothing that is so old", err)
		}
	})
}
