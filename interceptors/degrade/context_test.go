package degrade_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// What the handler of a page says of its calls decides what is said of the page.
func TestWhatCallsReportDependsOnTheirUse(t *testing.T) {
	t.Parallel()
	deep := "account.profile.parent.parent.parent.parent.parent.parent.parent.parent.parent.parent.parent.parent.parent"
	for _, tt := range []struct {
		name string
		in   func(context.Context) context.Context
		want []string
	}{
		{"not said", func(ctx context.Context) context.Context { return ctx }, []string{" partial"}},
		{
			"under a field", func(ctx context.Context) context.Context { return degrade.Under(ctx, "account.profile") },
			[]string{"account.profile.avatar missing", "account.profile.name stale"},
		},
		{
			"under a field under a field", func(ctx context.Context) context.Context {
				return degrade.Under(degrade.Under(ctx, "account"), "profile")
			},
			[]string{"account.profile.avatar missing", "account.profile.name stale"},
		},
		{
			"as the whole", func(ctx context.Context) context.Context { return degrade.Under(ctx, "") },
			[]string{" partial"}, // a page has neither avatar nor name
		},
		{"unused", degrade.Unused, nil},
		{"under a field, unused", func(ctx context.Context) context.Context {
			return degrade.Under(degrade.Unused(degrade.Under(ctx, "account")), "profile")
		}, nil},
		{"under a malformed path", func(ctx context.Context) context.Context { return degrade.Under(ctx, "a b") }, []string{" partial"}},
		{
			"under a field under a malformed path", func(ctx context.Context) context.Context {
				return degrade.Under(degrade.Under(ctx, "a b"), "banner")
			},
			[]string{" partial"},
		},
		{
			"under a malformed path under a field", func(ctx context.Context) context.Context {
				return degrade.Under(degrade.Under(ctx, "account"), "[*]")
			},
			[]string{"account partial"},
		},
		{"too deep", func(ctx context.Context) context.Context { return degrade.Under(ctx, deep+".parent") }, []string{deep + ".parent partial"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				below := start(t, leaf())
				client := start(t, &tier{page: func(ctx context.Context) (*testv1.GetPageResponse, error) {
					_, err := below.GetProfile(tt.in(ctx), nil)
					return &testv1.GetPageResponse{}, err
				}})
				var r degrade.Report
				if _, err := client.GetPage(t.Context(), nil, degrade.Capture(&r)); err != nil {
					t.Fatal(err)
				}
				// What differs in its reason is said of one field twice.
				if got := slices.Compact(claims(r)); !r.Known() || !slices.Equal(got, tt.want) {
					t.Errorf("%q; want %q", claims(r), tt.want)
				}
				for m := range r.Markers() {
					if m.Source.Hops != 1 {
						t.Errorf("%s: %d hops; want 1", m.Path, m.Source.Hops)
					}
				}
			})
		})
	}
}

// Nothing is said of a page because of calls that failed, of services that say
// nothing, and of streams that were left.
func TestWhatIsNotMarked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := dial(t, serve(t, leaf()), readingClient()...)
		below := start(t, leaf())
		failing := start(t, &tier{profile: func(context.Context) (*testv1.GetProfileResponse, error) {
			return nil, degrade.NewReport(missing("avatar")).Err()
		}})
		lax := dial(t, serve(t, &tier{profile: func(context.Context) (*testv1.GetProfileResponse, error) {
			return &testv1.GetProfileResponse{Degradation: degrade.NewReport(missing("avatar")).Proto()}, nil
		}}), readingClient()...) // its server does not hear that all is required
		client := start(t, &tier{page: func(ctx context.Context) (*testv1.GetPageResponse, error) {
			if _, err := silent.GetProfile(ctx, nil); err != nil {
				t.Error(err)
			}
			if _, err := failing.GetProfile(ctx, nil); status.Code(err) != codes.Unavailable {
				t.Error(err)
			}
			if _, err := below.GetProfile(ctx, nil, degrade.RequireComplete()); status.Code(err) != codes.Unavailable {
				t.Error(err)
			}
			if _, err := lax.GetProfile(ctx, nil, degrade.RequireComplete()); status.Code(err) != codes.Unavailable {
				t.Error(err)
			}
			left, cancel := context.WithCancel(ctx)
			s, err := below.WatchProfiles(left, nil)
			if err == nil {
				_, err = s.Recv()
			}
			if err != nil {
				t.Error(err)
			}
			cancel()
			return &testv1.GetPageResponse{}, nil
		}})
		var r degrade.Report
		if _, err := client.GetPage(t.Context(), nil, degrade.Capture(&r)); err != nil || !r.Complete() {
			t.Errorf("%q, %v; want a complete page", claims(r), err)
		}
	})
}

func TestOutsideOfAnyScope(t *testing.T) {
	t.Parallel()
	ctx := degrade.Unused(degrade.Under(t.Context(), "a"))
	if err := degrade.Mark(ctx, "a", degrade.Missing, degrade.ReasonError); err != nil || ctx != t.Context() {
		t.Errorf("%v, %v", ctx, err)
	}
	if degrade.CompleteRequired(ctx) {
		t.Error("somebody requires completeness")
	}
}

// A malformed path marks the whole, and the handler is told.
func TestMarkOfAMalformedPath(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := start(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			if err := degrade.Mark(ctx, "items[0]", degrade.Missing, degrade.ReasonError); err == nil {
				t.Error("no error")
			}
			return &testv1.GetProfileResponse{}, nil
		}})
		var r degrade.Report
		if _, err := client.GetProfile(t.Context(), nil, degrade.Capture(&r)); err != nil || !slices.Equal(claims(r), []string{" partial"}) {
			t.Errorf("%q, %v", claims(r), err)
		}
	})
}

func TestMergeObeysUnderAndUnused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   func(context.Context) context.Context
		path string
		want degrade.State
	}{
		"unstated": {func(ctx context.Context) context.Context { return ctx }, "", degrade.Partial},
		"under": {
			func(ctx context.Context) context.Context { return degrade.Under(ctx, "profile") },
			"profile.avatar", degrade.Stale,
		},
		"unused": {degrade.Unused, "profile", degrade.Intact},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, scope := degrade.Open(t.Context())
			degrade.Merge(tt.in(ctx), staleAt("avatar"))
			if got := scope.Close().State(tt.path); got != tt.want {
				t.Errorf("state of %q = %v; want %v", tt.path, got, tt.want)
			}
		})
	}
}

// What is marked while a value is made is in paths of a response, which the value need
// not be, unless somebody says so.
func TestMarksOnTheWayToAValue(t *testing.T) {
	t.Parallel()
	ctx, scope := degrade.Open(t.Context())
	if err := degrade.Mark(ctx, "avatar", degrade.Stale, degrade.ReasonTimeout); err != nil {
		t.Error(err)
	}
	if err := degrade.Mark(degrade.Under(ctx, "profile"), "name", degrade.Missing, degrade.ReasonTimeout); err != nil {
		t.Error(err)
	}
	if got := claims(scope.Close()); !slices.Equal(got, []string{" partial", "profile.name missing"}) {
		t.Errorf("markers %q; want the value partial, and what was said of its profile", got)
	}
}
