package afloattest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/afloattest"
	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

var avatarMissing = degrade.Marker{Path: "avatar", State: degrade.Missing, Reason: degrade.ReasonTimeout}

// What a double says arrives where a server's markers do.
func TestMarkersOfAConnArrive(t *testing.T) {
	t.Parallel()
	conn := afloattest.NewConn(t)
	conn.Answer(getProfile, &testv1.GetProfileResponse{Name: "Ann"}, avatarMissing)
	client := testv1.NewTierServiceClient(conn)

	var captured degrade.Report
	ctx, scope := degrade.Open(t.Context())
	p, err := client.GetProfile(degrade.Under(ctx, "profile"), &testv1.GetProfileRequest{}, degrade.Capture(&captured))
	if err != nil || p.GetName() != "Ann" {
		t.Errorf("%v, %v; want the answer", p, err)
	}
	afloattest.WantMarkers(t, captured, avatarMissing)
	afloattest.WantMarkers(t, degrade.FromResponse(p), avatarMissing)
	afloattest.WantState(t, scope.Close(), "profile.avatar", degrade.Missing)

	for want, option := range map[bool]func() error{
		true:  func() error { _, err := client.GetProfile(t.Context(), nil, degrade.RequireComplete()); return err },
		false: func() error { _, err := client.GetProfile(t.Context(), nil, degrade.Require("name")); return err },
	} {
		if _, is := errors.AsType[*degrade.IncompleteError](option()); is != want {
			t.Errorf("an incomplete response was refused: %v; want %v", is, want)
		}
	}
}

func TestAnswersOfAConn(t *testing.T) {
	t.Parallel()
	conn := afloattest.NewConn(t)
	client := testv1.NewTierServiceClient(conn)
	_, err := client.GetProfile(t.Context(), nil)
	if status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), getProfile) {
		t.Errorf("%v; want it to name the method", err)
	}
	conn.Answer(getProfile, &testv1.GetProfileResponse{})
	var r degrade.Report
	if _, err := client.GetProfile(t.Context(), nil, degrade.Capture(&r)); err != nil {
		t.Error(err)
	}
	afloattest.WantComplete(t, r)
	conn.Fail(getProfile, errDown)
	if _, err := client.GetProfile(t.Context(), nil); !errors.Is(err, errDown) {
		t.Errorf("%v; want what was set", err)
	}
	conn.Ask(getProfile, func(_ context.Context, req proto.Message) (proto.Message, error) {
		in, ok := req.(*testv1.GetProfileRequest)
		if !ok {
			return nil, errDown
		}
		return &testv1.GetProfileResponse{Name: "profile of " + in.GetId()}, nil
	})
	if p, err := client.GetProfile(t.Context(), &testv1.GetProfileRequest{Id: "7"}); p.GetName() != "profile of 7" || err != nil {
		t.Errorf("%v, %v; want what the function says", p, err)
	}
	over, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if _, err := client.GetProfile(over, nil); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("%v; want that the time is up", err)
	}
	if _, err := client.WatchProfiles(t.Context(), nil); status.Code(err) != codes.Unimplemented {
		t.Errorf("%v; want that nothing was set", err)
	}
}

func TestStreamsOfAConn(t *testing.T) {
	t.Parallel()
	conn := afloattest.NewConn(t)
	one := &testv1.WatchProfilesResponse{Profile: &testv1.GetProfileResponse{Name: "Ann"}}
	conn.Stream(watch, []proto.Message{one, one}, degrade.Marker{Path: "profile.avatar", State: degrade.Missing})
	client := testv1.NewTierServiceClient(conn)
	var r degrade.Report
	s, err := client.WatchProfiles(t.Context(), &testv1.WatchProfilesRequest{}, degrade.Capture(&r), degrade.RequireComplete())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := s.Recv(); err != nil || got.GetProfile().GetName() != "Ann" {
			t.Errorf("%v, %v; want the message", got, err)
		}
	}
	for range 2 {
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("%v; want the end", err)
		}
	}
	afloattest.WantState(t, r, "profile.avatar", degrade.Missing)
}

// recorder is a test that is to fail.
type recorder struct {
	testing.TB

	said []string
}

func (*recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(r)
}

// fails returns what a test says that does f.
func fails(f func(tb *recorder)) (said string) {
	r := &recorder{}
	defer func() {
		_ = recover()
		said = strings.Join(r.said, "; ")
	}()
	f(r)
	return ""
}

func TestWhatAssertionsSay(t *testing.T) {
	t.Parallel()
	report := degrade.NewReport(avatarMissing, degrade.Marker{Path: "items[*]", State: degrade.Stale, Age: time.Minute, Keys: []string{"a"}, Count: 2, Total: 9})
	items := func(change func(*degrade.Marker)) degrade.Marker {
		m := degrade.Marker{Path: "items[*]", State: degrade.Stale}
		change(&m)
		return m
	}
	nothing := func(*degrade.Marker) {}
	for name, tt := range map[string]struct {
		check func(tb *recorder)
		says  string // empty: it does not fail
	}{
		"complete":         {func(tb *recorder) { afloattest.WantComplete(tb, degrade.NewReport()) }, ""},
		"not complete":     {func(tb *recorder) { afloattest.WantComplete(tb, report) }, `"avatar" is missing (timeout)`},
		"nothing is known": {func(tb *recorder) { afloattest.WantComplete(tb, degrade.Report{}) }, "nothing is known"},
		"all markers":      {func(tb *recorder) { afloattest.WantMarkers(tb, report, items(nothing), avatarMissing) }, ""},
		"all of a marker": {func(tb *recorder) {
			afloattest.WantMarkers(tb, report, avatarMissing, items(func(m *degrade.Marker) { m.Age, m.Keys, m.Count, m.Total = time.Minute, []string{"a"}, 2, 9 }))
		}, ""},
		"one is missing": {func(tb *recorder) { afloattest.WantMarkers(tb, degrade.NewReport(), avatarMissing) }, `no marker "avatar" is missing (timeout)`},
		"one too much":   {func(tb *recorder) { afloattest.WantMarkers(tb, report, avatarMissing) }, `too much: "items[*]" is stale`},
		"another age": {func(tb *recorder) {
			afloattest.WantMarkers(tb, report, avatarMissing, items(func(m *degrade.Marker) { m.Age = time.Hour }))
		}, "no marker"},
		"another number": {func(tb *recorder) {
			afloattest.WantMarkers(tb, report, avatarMissing, items(func(m *degrade.Marker) { m.Total = 8 }))
		}, "no marker"},
		"another reason": {func(tb *recorder) {
			afloattest.WantMarkers(tb, report, items(nothing), degrade.Marker{Path: "avatar", State: degrade.Missing})
		}, "no marker"},
		"unknown markers": {func(tb *recorder) { afloattest.WantMarkers(tb, degrade.Report{}) }, "less than there is"},
		"a state":         {func(tb *recorder) { afloattest.WantState(tb, report, "avatar", degrade.Missing) }, ""},
		"another state":   {func(tb *recorder) { afloattest.WantState(tb, report, "name", degrade.Stale) }, `"name" is intact; want stale`},
		"a reason": {func(tb *recorder) {
			afloattest.WantReason(tb, &policy.Rejection{Reason: policy.ReasonRateLimited}, policy.ReasonRateLimited)
		}, ""},
		"no reason": {func(tb *recorder) { afloattest.WantReason(tb, errDown, policy.ReasonRateLimited) }, `reason ""; want "RATE_LIMITED"`},
		"no error":  {func(tb *recorder) { afloattest.WantReason(tb, nil, "") }, "<nil>"},
		"a bad field": {func(tb *recorder) {
			afloattest.NewConn(tb).Answer(getProfile, &testv1.GetProfileResponse{}, degrade.Marker{Path: "avatr"})
		}, "avatr"},
		"a bad field of a stream": {func(tb *recorder) {
			afloattest.NewConn(tb).Stream(watch, []proto.Message{&testv1.WatchProfilesResponse{}}, degrade.Marker{Path: "avatr"})
		}, "avatr"},
		"no method":      {func(tb *recorder) { afloattest.NewScript(tb).Always("GetProfile", afloattest.Hang()) }, "must be as in /pkg.Service/Method"},
		"no call":        {func(tb *recorder) { afloattest.NewScript(tb).At(getProfile, 0, afloattest.Hang()) }, "must be a call, from 1 on"},
		"a call of many": {func(tb *recorder) { afloattest.NewScript(tb).At("*", 1, afloattest.Hang()) }, "of one method"},
	} {
		if said := fails(tt.check); (said == "") != (tt.says == "") || !strings.Contains(said, tt.says) {
			t.Errorf("%s: says %q; want %q", name, said, tt.says)
		}
	}
}
