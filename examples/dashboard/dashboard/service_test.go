package dashboard_test

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

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	dashboardv1 "github.com/afloat-go/afloat/examples/dashboard/proto/dashboard/v1"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// request asks for the page that all tests ask for.
func request() *dashboardv1.GetDashboardRequest {
	return &dashboardv1.GetDashboardRequest{UserId: "user-0001"}
}

func fails(code codes.Code) func(context.Context) error {
	return func(context.Context) error { return status.Error(code, "scripted") }
}

// hangs for as long as somebody waits.
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return status.FromContextError(ctx.Err()).Err()
}

// takes answers after d.
func takes(d time.Duration) func(context.Context) error {
	return func(context.Context) error {
		time.Sleep(d)
		return nil
	}
}

// due is when a page is made of what is there: a tenth of its time is for sending
// it.
const due = dashboard.Deadline - dashboard.Deadline/10

// degraded lists the markers of a page, as in "alerts missing timeout".
func degraded(p *dashboardv1.GetDashboardResponse) string {
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
			script{dashboard.Metrics: fails(codes.Unavailable)},
			"series missing unavailable", 0,
		},
		{
			"one hangs",
			script{dashboard.Alerts: hangs},
			"alerts missing timeout", due,
		},
		{
			"one ignores that nobody waits any more",
			script{dashboard.Alerts: takes(time.Minute)},
			"alerts missing timeout", due,
		},
		{
			"one is late but in time",
			script{dashboard.Metrics: takes(due - 10*time.Millisecond)},
			"", due - 10*time.Millisecond,
		},
		{
			"a stream breaks off after its first message",
			script{dashboard.Activity: fails(codes.DataLoss)},
			"activity missing error", 0,
		},
		{
			"a stream stalls after its first message",
			script{dashboard.Activity: hangs},
			"activity missing timeout", due,
		},
		{
			"everything but the user",
			script{
				dashboard.Metrics: fails(codes.Internal), dashboard.Alerts: fails(codes.ResourceExhausted),
				dashboard.Activity: fails(codes.Unavailable), dashboard.Recommendations: hangs,
			},
			"activity missing unavailable, alerts missing overloaded, products substituted timeout, series missing error",
			dashboard.PersonalTimeout,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := newService(t, c.script)
				start := time.Now()
				page, err := service.GetDashboard(t.Context(), request())
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v; want %v", took, c.took)
				}
				if got := degraded(page); got != c.degraded {
					t.Errorf("degraded = %q; want %q", got, c.degraded)
				}
				checkParts(t, page)
			})
		})
	}
}

// checkParts: a part is on the page, whole or with a stand-in, or marked as
// missing, not both.
func checkParts(t *testing.T, page *dashboardv1.GetDashboardResponse) {
	t.Helper()
	entries := map[string]int{
		dashboard.Metrics: len(page.GetSeries()), dashboard.Alerts: len(page.GetAlerts()),
		dashboard.Activity: len(page.GetActivity()), dashboard.Recommendations: len(page.GetProducts()),
	}
	want := map[string]int{
		dashboard.Metrics: 1, dashboard.Alerts: 1, dashboard.Activity: 2, dashboard.Recommendations: 1,
	}
	report := degrade.FromResponse(page)
	for part := range want {
		switch report.State(dashboard.Path(part)) {
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
	if page.GetUser().GetId() != "user-0001" {
		t.Errorf("user = %v", page.GetUser())
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
		{"fails", script{dashboard.Recommendations: fails(codes.Unavailable)}, "user-0001", "products substituted unavailable", 0},
		{"hangs", script{dashboard.Recommendations: hangs}, "user-0001", "products substituted timeout", dashboard.PersonalTimeout},
		{"fails, and the user is new", script{dashboard.Recommendations: fails(codes.Unavailable)}, newUser, "products defaulted unavailable", 0},
		{
			"both fail",
			script{dashboard.Recommendations: fails(codes.ResourceExhausted), dashboard.History: fails(codes.Unavailable)},
			"user-0001", "products defaulted overloaded", 0,
		},
		{
			"both hang",
			script{dashboard.Recommendations: hangs, dashboard.History: hangs},
			"user-0001", "products defaulted timeout", dashboard.PersonalTimeout + dashboard.ViewedTimeout,
		},
		{"only what stands in hangs", script{dashboard.History: hangs}, "user-0001", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := newService(t, c.script)
				start := time.Now()
				page, err := service.GetDashboard(t.Context(), &dashboardv1.GetDashboardRequest{UserId: c.user})
				if err != nil {
					t.Fatal(err)
				}
				if got := degraded(page); got != c.degraded {
					t.Errorf("degraded = %q; want %q", got, c.degraded)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("took %v; want %v", took, c.took)
				}
				want := map[degrade.State]int{degrade.Intact: 1, degrade.Substituted: 3, degrade.Defaulted: 2}
				if n := len(page.GetProducts()); n != want[degrade.FromResponse(page).State("products")] {
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
		user func(context.Context) error
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
				service := newService(t, script{dashboard.Users: c.user, dashboard.Metrics: hangs})
				start := time.Now()
				page, err := service.GetDashboard(t.Context(), request())
				if status.Code(err) != c.code || page != nil {
					t.Errorf("page = %v, error %v; want none and %v", page, err, c.code)
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
		service := newService(t, script{dashboard.Metrics: hangs})
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
		service := newService(t, nil)
		_, err := service.GetDashboard(t.Context(), &dashboardv1.GetDashboardRequest{})
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("error = %v; want INVALID_ARGUMENT", err)
		}
	})
}

func TestEveryServiceNeedsAConnection(t *testing.T) {
	t.Parallel()
	_, err := dashboard.New(map[string]grpc.ClientConnInterface{}, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range dashboard.Services() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error %q does not name %s", err, name)
		}
	}
}
