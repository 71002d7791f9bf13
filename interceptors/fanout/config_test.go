package fanout_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

func sameLines(tb testing.TB, err error, want ...string) {
	tb.Helper()
	if err == nil {
		tb.Fatal("no error")
	}
	for _, w := range want {
		if !strings.Contains("\n"+err.Error()+"\n", "\n"+w+"\n") {
			tb.Errorf("missing: %s", w)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != len(want) {
		tb.Errorf("error:\n%v\nwant %d lines", err, len(want))
	}
}

func TestNewPlanReportsAllFaults(t *testing.T) {
	t.Parallel()
	b, err := breaker.New(breaker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := fanout.Config{MaxDuration: time.Microsecond, Reserve: -time.Second, Quorum: 10}
	_, err = fanout.NewPlanWith(
		cfg,
		nil,
		fanout.Required("nam", gives("x"), setName).Answers(codes.Aborted),
		fanout.Optional[request, response, string]("avatar", nil, setAvatar).Timeout(-1),
		fanout.Optional[request, response, string]("avatar", gives("x"), nil).Embed(),
		fanout.Optional("parent", gives[response](nil), setParent).Guard(b).Else(fallback.To("again", gives[response](nil)).Guard(b)),
		fanout.Optional("parent.name", gives("x"), setName),
		fanout.Optional("ranks[", gives("x"), setName),
		fanout.Each[request, response, int, string]("name", nil, nil, nil).Parallel(0).AtLeast(-1).MaxKeys(0).Embed().Else(fallback.Default[element, string](nil)),
		each(1, tag(nil)).Parallel(4).MaxRunning(3),
	)
	const at = `fanout "", source `
	sameLines(
		t, err,
		`fanout "": name = ""; must be a name`,
		`fanout "": max_duration = 1µs; must be in [1ms, 24h0m0s]`,
		`fanout "": reserve = -1s; must be in [0s, 1h0m0s]`,
		`fanout "": quorum = 10; must be in [1, 9]`,
		`fanout "": path = "avatar", bound already by "avatar"; must be bound once`,
		`fanout "": path = "parent.name", bound already by "parent"; must be bound once`,
		`fanout "": source 0 = nil; must be a source`,
		at+`"nam": degrade: path = "nam"; afloat.test.v1.GetProfileResponse has no field "nam"`,
		at+`"nam": answers = [NotFound Aborted]; must be unset: the source is required`,
		at+`"avatar", step "avatar": function = nil; must be a function`,
		at+`"avatar", step "avatar": timeout = -1ns; must be in [1ms, 24h0m0s]`,
		at+`"avatar": setter = nil; must be a function`,
		at+`"avatar": embed = true for string; must be for a proto message`,
		at+`"parent": guard of step "again" = the *breaker.Breaker of step "parent"; must be one of its own`,
		at+`"ranks[": degrade: path = "ranks[", wrong at byte 5; must be like a.b, a[*].b or a["key"]`,
		at+`"name": degrade: path = "name[*]"; "name" of afloat.test.v1.GetProfileResponse has no [*], it is not repeated`,
		at+`"name": keys = nil; must be a function`,
		at+`"name": setter = nil; must be a function`,
		at+`"name": embed = true for string; must be for a proto message`,
		at+`"name": parallel = 0; must be in [1, 1000]`,
		at+`"name": at_least = -1; must be in [0, 100000]`,
		at+`"name": max_keys = 0; must be in [1, 100000]`,
		at+`"tags": max_running = 3; must be at least parallel, 4`,
		at+`"name", step "name": function = nil; must be a function`,
		at+`"name", step "default": function = nil; must be a function`,
	)
}

func TestElementsAreBoundToTheListItself(t *testing.T) {
	t.Parallel()
	_, err := fanout.NewPlan("GetProfile", fanout.Each("tags[*]", upTo(1), tag(nil), setTags))
	if want := `fanout "GetProfile", source "tags[*]": path = "tags[*]"; must be that of the repeated field, without [*]`; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("error = %v; want %s", err, want)
	}
}

func TestNoSourcesAreAFault(t *testing.T) {
	t.Parallel()
	_, err := fanout.NewPlan[request, response]("GetProfile")
	sameLines(t, err, `fanout "GetProfile": sources = none; must be at least one`)
}

func TestFieldForMarkersInABadPlaceIsAFault(t *testing.T) {
	t.Parallel()
	set := func(m *testv1.OneofMarkers, text string) { m.Result = &testv1.OneofMarkers_Text{Text: text} }
	_, err := fanout.NewPlan("GetProfile", fanout.Optional("text", gives("x"), set))
	if err == nil || !strings.Contains(err.Error(), "afloat.test.v1.OneofMarkers.degradation is in a oneof") {
		t.Errorf("error = %v", err)
	}
}

// page is a response that is no proto message.
type page struct{ title, text string }

func TestResponseNeedNotBeAMessage(t *testing.T) {
	t.Parallel()
	p, err := fanout.NewPlan(
		"page",
		fanout.Required("title", func(context.Context, int) (string, error) { return "Hello", nil }, func(p *page, s string) { p.title = s }),
		fanout.Optional("text", func(context.Context, int) (string, error) { return "", errDown }, func(p *page, s string) { p.text = s }),
	)
	if err != nil {
		t.Fatal(err)
	}
	var got page
	r, err := p.Gather(t.Context(), 1, &got)
	if err != nil || got.title != "Hello" {
		t.Errorf("page = %+v, %v", got, err)
	}
	marked(t, r, "text missing unavailable")
	_, err = fanout.NewPlan("page", fanout.Optional("a..b", func(context.Context, int) (string, error) { return "", nil }, func(*page, string) {}))
	if err == nil {
		t.Error("a malformed path was accepted")
	}
}

func TestRPCAdaptsAClientMethod(t *testing.T) {
	t.Parallel()
	var got []grpc.CallOption
	call := func(_ context.Context, in *testv1.GetAccountRequest, opts ...grpc.CallOption) (string, error) {
		got = opts
		return "account of " + in.GetId(), nil
	}
	toRequest := func(r request) *testv1.GetAccountRequest { return &testv1.GetAccountRequest{Id: r.GetId()} }
	p := plan(t, fanout.Optional("name", fanout.RPC(call, toRequest, grpc.WaitForReady(true)), setName))
	resp := &testv1.GetProfileResponse{}
	if _, err := p.Gather(t.Context(), &testv1.GetProfileRequest{Id: "7"}, resp); err != nil || resp.GetName() != "account of 7" || len(got) != 1 {
		t.Errorf("response = %v, %v, %d options", resp, err, len(got))
	}
	_, err := fanout.NewPlan("GetProfile", fanout.Optional("name", fanout.RPC[request, int, string](nil, nil), setName))
	sameLines(t, err, `fanout "GetProfile", source "name", step "name": function = nil; must be a function`)
}

// Steps are the same everywhere, but nobody keeps responses for a plan.
func TestStepsOfMethodsInAPlan(t *testing.T) {
	t.Parallel()
	kept, err := fallback.NewStore(fallback.StoreConfig{})
	if err != nil {
		t.Fatal(err)
	}
	m := fallback.For[request, response]("/pkg.Service/Method")
	parent := fanout.Optional("parent", func(context.Context, request) (response, error) { return nil, errDown }, setParent)
	resp := &testv1.GetProfileResponse{}
	if _, err := plan(t, fanout.Optional("name", gives("Ada"), setName), parent.Else(m.Static(&testv1.GetProfileResponse{Name: "Eve"}))).
		Gather(t.Context(), nil, resp); err != nil || resp.GetParent().GetName() != "Eve" {
		t.Errorf("response = %v, %v", resp, err)
	}
	_, err = fanout.NewPlan("GetProfile", parent.Else(m.LastGood(kept, fallback.SameForAll())))
	sameLines(t, err, `fanout "GetProfile", source "parent": step "last good" = of responses that are kept; must be for a method of a client: chains and plans have LastGood`)
}

// Fields are values: what is made of one does not change it.
func TestFieldsAreValues(t *testing.T) {
	t.Parallel()
	base := fanout.Optional("name", fails(errDown), setName)
	one, two := base.Else(fallback.To("one", gives("1"))), base.Else(fallback.To("two", gives("2")))
	for want, s := range map[string]source{"1": one, "2": two} {
		resp := &testv1.GetProfileResponse{}
		if _, err := plan(t, s).Gather(t.Context(), nil, resp); err != nil || resp.GetName() != want {
			t.Errorf("response = %v, %v; want %q", resp, err, want)
		}
	}
	if _, err := plan(t, base).Gather(t.Context(), nil, &testv1.GetProfileResponse{}); err == nil {
		t.Error("the source without a fallback answered")
	}
}
