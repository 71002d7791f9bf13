package page_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/afloattest"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// request asks for the page that all tests ask for.
func request() *shopv1.GetDashboardRequest {
	return &shopv1.GetDashboardRequest{UserId: "user-0001"}
}

// fails is what a service does that answers with an error.
func fails(code codes.Code) afloattest.Act { return afloattest.Fail(status.Error(code, "scripted")) }

// hangs is what one does that answers when nobody waits any more, takes one that does not
// look whether anybody does.
var (
	hangs = afloattest.Hang()
	takes = afloattest.Deaf
)

// due is when a page is made of what is there: a tenth of its time is for sending
// it.
const due = page.Deadline - page.Deadline/10

// degraded lists the markers of a page, as in "alerts missing timeout".
func degraded(p *shopv1.GetDashboardResponse) string {
	var all []string
	for m := range degrade.FromResponse(p).Markers() {
		all = append(all, fmt.Sprintf("%s %v %v", m.Path, m.State, m.Reason))
	}
	return strings.Join(all, ", ")
}

func TestAPageOfWhatCouldBeHad(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		script   script
		degraded string
		took     time.Duration
	}{
		{"all well", nil, "", 0},
		{
			"one fails",
			script{page.Metrics: fails(codes.Unavailable)},
			"series missing unavailable", 0,
		},
		{
			"one hangs",
			script{page.Alerts: hangs},
			"alerts missing timeout", due,
		},
		{
			"one ignores that nobody waits any more",
			script{page.Alerts: takes(time.Minute)},
			"alerts missing timeout", due,
		},
		{
			"one is late but in time",
			script{page.Metrics: takes(due - 10*time.Millisecond)},
			"", due - 10*time.Millisecond,
		},
		{
			"a stream breaks off after its first message",
			script{page.Activity: fails(codes.DataLoss)},
			"activity missing error", 0,
		},
		{
			"a stream stalls after its first message",
			script{page.Activity: hangs},
			"activity missing timeout", due,
		},
		{
			"everything but the user",
			script{
				page.Metrics: fails(codes.Internal), page.Alerts: fails(codes.ResourceExhausted),
				page.Activity: fails(codes.Unavailable), page.Recommendations: hangs,
			},
			"activity missing unavailable, alerts missing overloaded, products substituted timeout, series missing error",
			page.PersonalTimeout,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := newService(t, c.script.scripted(t))
				start := time.Now()
				p, err := service.GetDashboard(t.Context(), request())
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v; want %v", took, c.took)
				}
				if got := degraded(p); got != c.degraded {
					t.Errorf("degraded = %q; want %q", got, c.degraded)
				}
				checkParts(t, p)
			})
		})
	}
}

// checkParts checks that a part is on the page, whole or with a stand-in, or marked as
// missing, not both.
func checkParts(t *testing.T, p *shopv1.GetDashboardResponse) {
	t.Helper()
	entries := map[string]int{
		page.Metrics: len(p.GetSeries()), page.Alerts: len(p.GetAlerts()),
		page.Activity: len(p.GetActivity()), page.Recommendations: len(p.GetProducts()),
	}
	want := map[string]int{
		page.Metrics: 1, page.Alerts: 1, page.Activity: 2, page.Recommendations: 1,
	}
	report := degrade.FromResponse(p)
	for part := range want {
		switch report.State(page.Path(part)) {
		case degrade.Missing:
			want[part] = 0
		case degrade.Substituted:
			want[part] = 3
		case degrade.Defaulted:
			want[part] = 2
		default:
		}
	}
	for part, n := range want {
		if entries[part] != n {
			t.Errorf("%s has %d entries; want %d", part, entries[part], n)
		}
	}
	if p.GetUser().GetId() != "user-0001" {
		t.Errorf("user = %v", p.GetUser())
	}
}

// There are always products: the user's own, else what the user has looked at, else
// what everybody likes. The reason is always that of the first.
func TestProductsFallBackTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		script   script
		user     string
		degraded string
		took     time.Duration
	}{
		{"fails", script{page.Recommendations: fails(codes.Unavailable)}, "user-0001", "products substituted unavailable", 0},
		{"hangs", script{page.Recommendations: hangs}, "user-0001", "products substituted timeout", page.PersonalTimeout},
		{"fails, and the user is new", script{page.Recommendations: fails(codes.Unavailable)}, newUser, "products defaulted unavailable", 0},
		{
			"both fail",
			script{page.Recommendations: fails(codes.ResourceExhausted), page.History: fails(codes.Unavailable)},
			"user-0001", "products defaulted overloaded", 0,
		},
		{
			"both hang",
			script{page.Recommendations: hangs, page.History: hangs},
			"user-0001", "products defaulted timeout", page.PersonalTimeout + page.ViewedTimeout,
		},
		{"only what stands in hangs", script{page.History: hangs}, "user-0001", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := newService(t, c.script.scripted(t))
				start := time.Now()
				p, err := service.GetDashboard(t.Context(), &shopv1.GetDashboardRequest{UserId: c.user})
				if err != nil {
					t.Fatal(err)
				}
				if got := degraded(p); got != c.degraded {
					t.Errorf("degraded = %q; want %q", got, c.degraded)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v; want %v", took, c.took)
				}
				want := map[degrade.State]int{degrade.Intact: 1, degrade.Substituted: 3, degrade.Defaulted: 2}
				if n := len(p.GetProducts()); n != want[degrade.FromResponse(p).State("products")] {
					t.Errorf("%d products", n)
				}
			})
		})
	}
}

// Without the user there is no page, and nobody waits for the rest of it.
func TestNoPageWithoutTheUser(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		user afloattest.Act
		code codes.Code
		took time.Duration
	}{
		{"not found", fails(codes.NotFound), codes.NotFound, 0},
		{"unavailable", fails(codes.Unavailable), codes.Unavailable, 0},
		{"hangs", hangs, codes.DeadlineExceeded, due},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := newService(t, script{page.Users: c.user, page.Metrics: hangs}.scripted(t))
				start := time.Now()
				p, err := service.GetDashboard(t.Context(), request())
				if status.Code(err) != c.code || p != nil {
					t.Errorf("page = %v, error %v; want none and %v", p, err, c.code)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v; want %v", took, c.took)
				}
			})
		})
	}
}

func TestACallerThatGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := newService(t, script{page.Metrics: hangs}.scripted(t))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		start := time.Now()
		if _, err := service.GetDashboard(ctx, request()); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v; want CANCELLED", err)
		}
		if took := time.Since(start); took != 10*time.Millisecond {
			t.Errorf("took %v; want 10ms", took)
		}
	})
}

func TestAPageIsOfSomebody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := newService(t, script{}.scripted(t))
		_, err := service.GetDashboard(t.Context(), &shopv1.GetDashboardRequest{})
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("error = %v; want INVALID_ARGUMENT", err)
		}
	})
}

func TestEveryServiceNeedsAConnection(t *testing.T) {
	t.Parallel()
	_, err := page.New(map[string]grpc.ClientConnInterface{}, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range page.Services() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error %q does not name %s", err, name)
		}
	}
}
