package degrade_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// leaf is a service whose profile has no avatar and an old name.
func leaf() *tier {
	return &tier{
		profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			degrade.Add(ctx, degrade.NewReport(missing("avatar"), stale("name", 1)))
			return &testv1.GetProfileResponse{}, nil
		},
		watch: func(w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
			degrade.Add(w.Context(), degrade.NewReport(missing("name")))
			return w.Send(&testv1.WatchProfilesResponse{})
		},
	}
}

// A stream that was read to its end reports as a call does.
func TestStreamReportsToItsScope(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		below := start(t, leaf())
		ctx, scope := degrade.Open(t.Context())
		s, err := below.WatchProfiles(degrade.Under(ctx, "profiles[*]"), nil)
		for err == nil {
			_, err = s.Recv()
		}
		if r := scope.Close(); !slices.Equal(claims(r), []string{"profiles[*].name missing"}) {
			t.Errorf("%q", claims(r))
		}
	})
}

// What an attempt's calls report stays with the attempt until its result is
// taken, and what comes after that is counted only.
func TestScopeOfAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		below := start(t, leaf())
		outer, page := degrade.Open(t.Context())
		winner, won := degrade.Open(outer)
		loser, _ := degrade.Open(outer)
		for _, ctx := range []context.Context{degrade.Under(winner, ""), loser} {
			if _, err := below.GetProfile(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
		degrade.Merge(degrade.Under(outer, "account.profile"), won.Close())
		if _, err := below.GetProfile(winner, nil); err != nil { // late
			t.Fatal(err)
		}
		want := []string{"account.profile.avatar missing", "account.profile.name stale"}
		if got := claims(page.Close()); !slices.Equal(got, want) {
			t.Errorf("page: %q; want %q", got, want)
		}
		if again := won.Close(); again.Len() != 2 || won.Late() != 1 || page.Late() != 0 {
			t.Errorf("attempt: %d markers, %d late; want 2, 1", again.Len(), won.Late())
		}
	})
}

// A peer that says that something is missing from its report, and nothing else,
// leaves the response above incomplete too.
func TestTruncationIsPassedOn(t *testing.T) {
	t.Parallel()
	for _, d := range []*degradev1.Degradation{{Truncated: true}, {DroppedCount: 1}} {
		ctx, scope := degrade.Open(t.Context())
		degrade.Merge(degrade.Under(ctx, "profile"), degrade.FromProto(d, profileType))
		if r := scope.Close(); r.Complete() || !r.Truncated() || r.Dropped() != 1 {
			t.Errorf("%v: complete %v, %d dropped", d, r.Complete(), r.Dropped())
		}
	}
}

// A scope keeps so many markers and counts the others; what says the same needs
// no room.
func TestScopeIsBounded(t *testing.T) {
	t.Parallel()
	ctx, scope := degrade.Open(t.Context())
	add := func(markers ...degrade.Marker) { degrade.Merge(degrade.Under(ctx, ""), degrade.NewReport(markers...)) }
	for range most {
		add(missing("avatar")) // the same each time
	}
	for i := range most - 1 {
		add(stale(fmt.Sprintf("f%d", i), 1))
	}
	add(degrade.Marker{Path: "items[*]", State: degrade.Missing, Count: 7}) // no room
	add(stale("f0", 2))                                                     // it has its place
	r := scope.Close()
	if r.Len() != most || r.Dropped() != 7 || r.Age("f0") != 2 || r.State("avatar") != degrade.Missing {
		t.Errorf("%d markers, %d dropped, age %v, avatar %v", r.Len(), r.Dropped(), r.Age("f0"), r.State("avatar"))
	}
	full, fullScope := degrade.Open(t.Context())
	for range 3 {
		degrade.Merge(degrade.Under(full, "a"), degrade.FromProto(&degradev1.Degradation{DroppedCount: math.MaxUint32}, nil))
	}
	if got := fullScope.Close().Dropped(); got != math.MaxInt32 {
		t.Errorf("%d dropped", got)
	}
}

// A marker is followed over so many services. Then it keeps its place and loses
// where it came from.
func TestHopsAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			m := missing("avatar")
			m.Source = degrade.Source{Name: "store", Origin: "disk"}
			degrade.Add(ctx, degrade.NewReport(m))
			return &testv1.GetProfileResponse{}, nil
		}})
		for tiers := 1; tiers <= degrade.MaxHops+2; tiers++ {
			below := next
			next = start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
				return below.GetProfile(degrade.Under(ctx, ""), nil)
			}})
			var r degrade.Report
			if _, err := next.GetProfile(t.Context(), nil, degrade.Capture(&r)); err != nil {
				t.Fatal(err)
			}
			want := degrade.Source{Name: "store", Origin: "disk", Hops: tiers}
			if tiers > degrade.MaxHops {
				want = degrade.Source{Hops: degrade.MaxHops}
			}
			if got := slices.Collect(r.Markers()); len(got) != 1 || got[0].Path != "avatar" || got[0].Source != want {
				t.Errorf("after %d services: %+v; want %+v", tiers, got, want)
			}
		}
	})
}

// Many goroutines mark while the response is delivered, and after: what came in
// time is there, the rest is counted nowhere and harms nothing.
func TestMarksWhileTheResponseIsDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var late sync.WaitGroup
		client := start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			var inTime sync.WaitGroup
			for i := range 20 {
				inTime.Go(func() { mark(ctx, t, degrade.Key("offers", strconv.Itoa(i)), degrade.Missing) })
				late.Go(func() {
					for range 50 {
						mark(ctx, t, "name", degrade.Stale)
					}
				})
			}
			inTime.Wait()
			return &testv1.GetProfileResponse{}, nil
		}})
		var r degrade.Report
		if _, err := client.GetProfile(t.Context(), nil, degrade.Capture(&r)); err != nil {
			t.Fatal(err)
		}
		late.Wait()
		for i := range 20 {
			if got := r.State(degrade.Key("offers", strconv.Itoa(i))); got != degrade.Missing {
				t.Errorf("offer %d is %v", i, got)
			}
		}
		if n := r.Len(); n != 20 && n != 21 {
			t.Errorf("%d markers", n)
		}
	})
}

// A mark that comes after the handler has returned changes no response.
func TestLateMark(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var kept context.Context
		client := start(t, &tier{plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
			kept = ctx
			return &testv1.GetPlainResponse{}, nil
		}})
		for range 2 {
			var r degrade.Report
			if _, err := client.GetPlain(t.Context(), nil, degrade.Capture(&r)); err != nil || !r.Complete() {
				t.Errorf("%q, %v", claims(r), err)
			}
			mark(kept, t, "text", degrade.Missing)
		}
	})
}
