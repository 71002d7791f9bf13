package fanout_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// failsAfter is a source that fails after a while.
func failsAfter(d time.Duration) func(context.Context, request) (string, error) {
	return func(context.Context, request) (string, error) {
		time.Sleep(d)
		return "", errDown
	}
}

// Markers tell operators which source failed, with what and after how long, and who
// answered instead. A source that answered itself is not named.
func TestMarkersNameTheSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		degraded := func(ctx context.Context, _ request) (response, error) {
			degrade.Merge(ctx, degrade.NewReport(degrade.Marker{Path: "name", State: degrade.Stale, Reason: degrade.ReasonTimeout}))
			return &testv1.GetProfileResponse{}, nil
		}
		get := func(_ context.Context, _ request, key int) (string, error) {
			time.Sleep(time.Second)
			return "", map[int]error{1: errDown}[key]
		}
		r, err := plan(
			t,
			fanout.Optional("name", failsAfter(time.Second), setName).Else(fallback.To("cache", gives("Ada"))),
			fanout.Optional("avatar", failsAfter(2*time.Second), setAvatar),
			fanout.Optional("parent", degraded, setParent).Embed(),
			each(2, get),
		).Gather(t.Context(), nil, &testv1.GetProfileResponse{})
		if err != nil {
			t.Error(err)
		}
		source := func(name string, after time.Duration) degrade.Source {
			return degrade.Source{Name: name, Origin: "GetProfile/" + name, Code: codes.Unavailable, Elapsed: after}
		}
		want := map[string]degrade.Source{
			"name": source("name", time.Second), "avatar": source("avatar", 2*time.Second), "tags[*]": source("tags", time.Second), "parent.name": {},
		}
		s := want["name"]
		s.Fallback = "cache"
		want["name"] = s
		for m := range r.Markers() {
			if m.Source != want[m.Path] {
				t.Errorf("%s: source %+v; want %+v", m.Path, m.Source, want[m.Path])
			}
		}
		if r.Len() != len(want) {
			t.Errorf("markers %q", says(r))
		}
	})
}
