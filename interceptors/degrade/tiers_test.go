package degrade_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// hang and late are longer than anybody waits, patience is how long a caller does.
const (
	hang     = time.Hour
	late     = time.Second
	patience = 50 * time.Millisecond
)

// listed is how many profiles a page has.
const listed = 3

// fate is what happens to one call of one service.
type fate struct {
	delay time.Duration
	deaf  bool // who asks does not notice that the time is over, if it is a source of a plan
	fails codes.Code
	marks []degrade.Marker
}

// meet spends a fate in a handler.
func (f fate) meet(ctx context.Context) error {
	timer := time.NewTimer(f.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	for _, m := range f.marks { // late, if the call is over
		degrade.Add(ctx, degrade.NewReport(m))
	}
	if f.fails != codes.OK {
		return status.Error(f.fails, "as it was fated")
	}
	return ctx.Err()
}

// tierTest is a chain of three services, and the fates of all their calls.
type tierTest struct {
	fates  sync.Map // of the call's id
	page   testv1.TierServiceClient
	middle testv1.TierServiceClient
	leaf   testv1.TierServiceClient
}

func (tt *tierTest) fate(id string) fate {
	f, ok := tt.fates.Load(id)
	if !ok {
		return fate{fails: codes.NotFound}
	}
	return f.(fate) //nolint:errcheck,forcetypeassert // nothing else is stored
}

// leafTier answers with profiles.
type leafTier struct {
	testv1.UnimplementedTierServiceServer

	*tierTest
}

func (l leafTier) GetProfile(ctx context.Context, req *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return &testv1.GetProfileResponse{Name: req.GetId()}, l.fate(req.GetId()).meet(ctx)
}

// The oracle knows the fates, and nothing of this package but its names.

// said is one thing that must be said of a response.
type said struct{ path, state, reason string }

// all is what an answered call of the given fate says.
func (f fate) all() (s []said) {
	for _, m := range f.marks {
		s = append(s, said{m.Path, m.State.String(), m.Reason.String()})
	}
	return settled(s)
}

// failure is why a caller that waits so long gets nothing, empty if it does.
func (f fate) failure(waits time.Duration) string {
	switch {
	case f.delay > waits:
		return "timeout"
	case f.fails == codes.OK:
		return ""
	default:
		return map[codes.Code]string{
			codes.Unavailable: "unavailable", codes.ResourceExhausted: "overloaded", codes.Internal: "error", codes.NotFound: "nothing",
		}[f.fails]
	}
}

// below moves what is said into a field.
func below(field string, s []said) []said {
	moved := slices.Clone(s)
	for i := range moved {
		if moved[i].path == "" {
			moved[i].path = field
		} else {
			moved[i].path = field + "." + moved[i].path
		}
	}
	return moved
}

// settled leaves out what is said twice and what lies within missing fields,
// unless only some elements are missing.
func settled(s []said) []said {
	kept := slices.DeleteFunc(slices.Clone(s), func(inner said) bool {
		return slices.ContainsFunc(s, func(outer said) bool {
			rest, within := strings.CutPrefix(inner.path, outer.path)
			return within && outer.state == "missing" && !strings.Contains(outer.path, "[*]") &&
				(strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "["))
		})
	})
	return slices.Compact(ordered(kept))
}

func ordered(s []said) []said {
	return slices.SortedFunc(slices.Values(s), func(a, b said) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// oracle is what must be said of a page.
func (tt *tierTest) oracle(id string) []said {
	want := tt.fate(id).all()
	account := tt.fate(id + "/account")
	want = append(want, of("account", account.failure(4*patience), tt.account(id+"/account"))...)
	for i := range listed {
		leaf := tt.fate(id + "/list/" + strconv.Itoa(i))
		want = append(want, of("profiles[*]", leaf.failure(patience), leaf.all())...)
	}
	return settled(want)
}

// of is what is said of a field whose source failed, for the reason why, or else said
// the rest. That there is nothing is an answer.
func of(field, why string, rest []said) []said {
	switch why {
	case "":
		return below(field, rest)
	case "nothing":
		return nil
	default:
		return []said{{field, "missing", why}}
	}
}

func (tt *tierTest) account(id string) []said {
	want := tt.fate(id).all()
	profile, fallback, friend := tt.fate(id+"/profile"), tt.fate(id+"/fallback"), tt.fate(id+"/friend")
	why := profile.failure(patience)
	if why != "" && why != "nothing" && fallback.failure(patience) == "" {
		want = append(want, below("profile", fallback.all())...)
		want = append(want, said{"profile", "substituted", why})
	} else {
		want = append(want, of("profile", why, profile.all())...)
	}
	return settled(append(want, of(`friends["b.f"]`, friend.failure(patience), friend.all())...))
}

// drawn decides the fates of all calls that one page needs.
func (tt *tierTest) drawn(rng *rand.Rand, id string) {
	profile := []degrade.Marker{
		missing("name"), stale("avatar", time.Minute), missing("items"), stale("items[*].price", time.Second),
		{Path: `offers["a]\""]`, State: degrade.Substituted, Reason: degrade.ReasonShed},
		missing("parent"), stale("parent.parent.name", time.Hour),
		{Path: "tags", State: degrade.Partial, Reason: degrade.ReasonDisabled},
	}
	account := []degrade.Marker{stale("plan", 1), {State: degrade.Partial, Reason: degrade.ReasonUpstreamDegraded}}
	page := []degrade.Marker{{Path: "banner", State: degrade.Defaulted, Reason: degrade.ReasonCircuitOpen}, missing("banner")}
	draw := func(id string, bad float64, marks []degrade.Marker) {
		// Never zero: a timer that is due at once is run by whoever waits for it,
		// and several such at a time crash the race detector in a bubble of Go 1.26.
		f := fate{delay: time.Duration(1+rng.IntN(9)) * time.Millisecond}
		switch dice := rng.Float64(); {
		case dice < bad/4:
			f.delay = hang
		case dice < bad/2:
			f.delay, f.deaf = late, true
		case dice < bad:
			f.fails = []codes.Code{codes.Unavailable, codes.ResourceExhausted, codes.Internal, codes.NotFound}[rng.IntN(4)]
		}
		for _, m := range marks {
			if rng.IntN(6) == 0 {
				f.marks = append(f.marks, m)
			}
		}
		tt.fates.Store(id, f)
	}
	draw(id, 0, page)
	draw(id+"/account", 0.1, account)
	for _, leaf := range []string{"/account/profile", "/account/fallback", "/account/friend", "/list/0", "/list/1", "/list/2", "/unused"} {
		draw(id+leaf, 0.2, profile)
	}
}

// check asks for one page and compares what is said of it.
func (tt *tierTest) check(t *testing.T, id string) {
	t.Helper()
	want := tt.oracle(id)
	var r degrade.Report
	resp, err := tt.page.GetPage(t.Context(), &testv1.GetPageRequest{Id: id}, degrade.Capture(&r))
	if err != nil {
		t.Errorf("%s: %v", id, err)
	}
	for from, r := range map[string]degrade.Report{"Capture": r, "FromResponse": degrade.FromResponse(resp)} {
		var got []said
		for m := range r.Markers() {
			got = append(got, said{m.Path, m.State.String(), m.Reason.String()})
			if m.Source != (degrade.Source{}) {
				t.Errorf("%s: source %+v left the edge", id, m.Source)
			}
		}
		if got = ordered(got); !slices.Equal(got, want) || r.Truncated() {
			t.Errorf("%s, %s:\n got %v\nwant %v", id, from, got, want)
		}
	}
	_, err = tt.page.GetPage(t.Context(), &testv1.GetPageRequest{Id: id}, degrade.RequireComplete())
	if complete := len(want) == 0; complete != (err == nil) || !complete && status.Code(err) != codes.Unavailable {
		t.Errorf("%s: required to be complete: %v; want %v", id, err, want)
	}
}

// Three services over a network, thousands of calls, faults at random: what is
// said of every page is what an oracle says that knows the faults.
func TestTiersAgreeWithAnOracle(t *testing.T) {
	t.Parallel()
	for name, tiers := range map[string]struct {
		middle func(testing.TB, *tierTest) testv1.TierServiceServer
		page   func(testing.TB, *tierTest) testv1.TierServiceServer
	}{
		"by hand":    {newHandMiddle, newHandPage},
		"with plans": {newPlanMiddle, newPlanPage},
		"mixed":      {newHandMiddle, newPlanPage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tt := &tierTest{}
				tt.leaf = start(t, leafTier{tierTest: tt})
				tt.middle = start(t, tiers.middle(t, tt))
				tt.page = dial(t, serve(t, tiers.page(t, tt), markingServer(degrade.WithEdge())...), readingClient()...)
				tt.checkAll(t)
				time.Sleep(time.Minute) // until the last of those that came late have ended
			})
		})
	}
}

// checkAll asks for many pages, several at a time.
func (tt *tierTest) checkAll(t *testing.T) {
	t.Helper()
	const workers, pages = 8, 50
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 2026))
			for i := range pages {
				id := fmt.Sprintf("page %d of %d", i, w)
				tt.drawn(rng, id)
				tt.check(t, id)
			}
		})
	}
	all.Wait()
}
