package degrade_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// require makes an option of paths with spaces between.
func require(paths string) grpc.CallOption { return degrade.Require(strings.Fields(paths)...) }

func TestRequireSomeFields(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		required string
		degraded []string
		fails    bool
	}{
		"none is degraded":        {"name avatar", nil, false},
		"another one is":          {"name", []string{"avatar"}, false},
		"one of them is":          {"name avatar", []string{"avatar"}, true},
		"what it is in":           {"parent.name", []string{"parent"}, true},
		"something within":        {"parent", []string{"parent.name"}, true},
		"a sibling":               {"parent.name", []string{"parent.avatar"}, false},
		"the whole response":      {"name", []string{""}, true},
		"some elements":           {"items", []string{"items[*]"}, true},
		"one value of the map":    {"offers", []string{`offers["a"]`}, true},
		"the value itself":        {`offers["a"]`, []string{`offers["a"]`}, true},
		"another value":           {`offers["a"]`, []string{`offers["b"]`}, false},
		"a key that is not ASCII": {`offers["ä"]`, []string{`offers["ä"]`}, true},
		"a key with a comma":      {`offers["a,b"]`, []string{`offers["a,b"]`}, true},
	} {
		for who, options := range map[string][]grpc.ServerOption{"the server": markingServer(), "the client": nil} {
			t.Run(name+", noticed by "+who, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client := dial(t, serve(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
						var all []degrade.Marker
						for _, path := range tt.degraded {
							all = append(all, missing(path))
						}
						answer, r := &testv1.GetProfileResponse{Name: "Ann"}, degrade.NewReport(all...)
						if err := degrade.CheckRequired(ctx, r); err != nil && !tt.fails {
							t.Errorf("the handler must fail: %v", err)
						}
						degrade.SetResponse(answer, r)
						return answer, nil
					}}, options...), readingClient()...)
					var r degrade.Report
					_, err := client.GetProfile(t.Context(), nil, require(tt.required), degrade.Capture(&r))
					if incomplete, is := errors.AsType[*degrade.IncompleteError](err); is != tt.fails || is && incomplete.Report.Len() != len(tt.degraded) {
						t.Errorf("%v; want an error: %v", err, tt.fails)
					}
					if r.Len() != len(tt.degraded) {
						t.Errorf("captured %v", r)
					}
					if tt.fails && (policy.ReasonOf(err) != policy.ReasonIncomplete || policy.Classify(err) != policy.Ignored) {
						t.Errorf("%v is %v", err, policy.Classify(err))
					}
				})
			})
		}
	}
}

// Nobody said whether the fields are sound, so they do not count as that.
func TestRequireOfAServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := dial(t, serve(t, &tier{plain: func(context.Context) (*testv1.GetPlainResponse, error) {
			return &testv1.GetPlainResponse{}, nil
		}}), readingClient()...)
		_, err := client.GetPlain(t.Context(), nil, degrade.Require("text"))
		if incomplete, is := errors.AsType[*degrade.IncompleteError](err); !is || !slices.Equal(incomplete.Fields, []string{"text"}) {
			t.Errorf("%v; want an error about text", err)
		}
	})
}

// A path that nobody can mark would count as sound for ever.
func TestRequireOfFieldsThatDoNotExist(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := false
		client := start(t, &tier{profile: func(context.Context) (*testv1.GetProfileResponse, error) {
			asked = true
			return &testv1.GetProfileResponse{}, nil
		}})
		many := make([]string, degrade.MaxRequired+1)
		for i := range many {
			many[i] = "name"
		}
		for want, option := range map[string]grpc.CallOption{
			`"nam"`:                        degrade.Require("name", "nam"),
			`"name["`:                      degrade.Require("name["),
			"must have at least one":       degrade.Require(),
			"101 paths; must have at most": degrade.Require(many...),
		} {
			_, err := client.GetProfile(t.Context(), nil, option)
			if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), want) || asked {
				t.Errorf("%v, asked %v; want an error that says %s", err, asked, want)
			}
		}
	})
}

// What is required reaches the handler, and nothing that it makes of others' answers.
func TestRequiredFieldsOnTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fields []string
		var all bool
		listener := serve(t, &tier{profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			fields, all = degrade.FieldsRequired(ctx), degrade.CompleteRequired(ctx)
			attempt, _ := degrade.Open(ctx)
			if degrade.FieldsRequired(attempt) != nil || degrade.CompleteRequired(attempt) != all {
				t.Error("an attempt at a field requires those of the response")
			}
			return &testv1.GetProfileResponse{}, nil
		}}, markingServer()...)
		client := dial(t, listener, readingClient()...)
		if _, err := client.GetProfile(t.Context(), nil, require("name"), require("avatar items")); err != nil ||
			all || !slices.Equal(fields, []string{"name", "avatar", "items"}) {
			t.Errorf("required %q, all %v, %v", fields, all, err)
		}
		if _, err := client.GetProfile(t.Context(), nil, require("name"), degrade.RequireComplete()); err != nil || !all {
			t.Errorf("required all %v, %v", all, err)
		}
		bare := dial(t, listener) // which sends what it likes
		for sent, want := range map[string][]string{
			"fields=":                                nil,
			"fields=name,,a..b,avatar":               {"name", "avatar"},
			"fields = name":                          nil,
			"name":                                   nil,
			"fields=" + strings.Repeat("name,", 200): slices.Repeat([]string{"name"}, degrade.MaxRequired),
			"fields=" + strings.Repeat("a", 300):     nil,
		} {
			ctx := metadata.AppendToOutgoingContext(t.Context(), degrade.RequireKey, sent)
			if _, err := bare.GetProfile(ctx, nil); err != nil || !slices.Equal(fields, want) {
				t.Errorf("sent %.20q: required %q, %v; want %q", sent, fields, err, want)
			}
		}
	})
}

func TestDeliverFailsWhatIsRequired(t *testing.T) {
	t.Parallel()
	r := degrade.NewReport(missing("name"))
	for want, opts := range map[bool][]grpc.CallOption{
		false: {degrade.Require("avatar")},
		true:  {degrade.Require("name")},
	} {
		ctx, scope := degrade.Open(t.Context())
		var captured degrade.Report
		err := degrade.Deliver(ctx, append(opts, degrade.Capture(&captured)), r)
		if _, is := errors.AsType[*degrade.IncompleteError](err); is != want || captured.Len() != 1 || scope.Close().Complete() != want {
			t.Errorf("%v; want an error: %v", err, want)
		}
	}
}

func ExampleRequire() {
	// In a call: client.GetPage(ctx, req, degrade.Require("account", "items"))
	err := degrade.Deliver(context.Background(), []grpc.CallOption{degrade.Require("account", "items")},
		degrade.NewReport(
			degrade.Marker{Path: "banner", State: degrade.Missing, Reason: degrade.ReasonTimeout},
			degrade.Marker{Path: "items[*]", State: degrade.Missing, Reason: degrade.ReasonUnavailable, Count: 2, Total: 10},
		))
	fmt.Println(err)
	// Output: degrade: incomplete response: required are ["items"]; "banner" is missing (timeout), "items[*]" is missing (unavailable)
}

func ExampleUnreachable() {
	report := degrade.NewReport(degrade.Marker{
		Path: "books[*]", State: degrade.Missing, Reason: degrade.ReasonTimeout,
		Keys: []string{"shelves/2", "shelves/7"}, Count: 2, Total: 10,
	})
	// resp.Unreachable = names
	names, all := degrade.Unreachable(report, "books")
	fmt.Println(names, all)
	// Output: [shelves/2 shelves/7] true
}
