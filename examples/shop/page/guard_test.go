package page_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/afloattest"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// guard returns the rules as they are in the example's files.
func guard(t *testing.T) *rules.Rules {
	t.Helper()
	set, err := guards.Rules("../rules.yaml", config.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	return set.Rules()
}

// The rules say what others count on.
func TestRules(t *testing.T) {
	t.Parallel()
	rules := guard(t)
	for _, s := range page.Guarded() {
		if err := rules.Resolve(&policy.Call{Method: s.Methods + "Any"}).Run(t.Context(), "any", func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		b, _ := guards.Find[*breaker.Breaker](rules, s)
		slowAfter := page.SlowAfter
		if s.Name == page.Users {
			slowAfter = 0 // late is better than never
		}
		if c := b.Config(); c.SlowAfter != slowAfter || c.OpenFor != page.OpenFor || c.MaxOpenFor != page.MaxOpenFor {
			t.Errorf("the circuit of %s: %+v", s.Name, c)
		}
	}
	for l := range rules.Live() {
		if to, ok := l.Policy.(*timeout.Timeout); ok && to.Config().Max != page.CallTimeout {
			t.Errorf("timeout: %+v", to.Config())
		}
	}
}

// states returns the circuits that are not closed, by service.
func states(rules *rules.Rules) map[string]breaker.State {
	found := map[string]breaker.State{}
	for _, c := range guards.Circuits(rules, page.Guarded()) {
		if c.State != breaker.Closed {
			found[c.Service] = c.State
		}
	}
	return found
}

// A part that keeps failing is soon not asked for any more, and the page says
// so. Once it is well again it comes back.
func TestGuardCutsOffWhatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rules := guard(t)
		s := script{page.Metrics: fails(codes.Unavailable)}.scripted(t)
		service := newService(t, s, afloattest.WithClientRules(rules))
		ask := func() string {
			p, err := service.GetDashboard(t.Context(), request())
			if err != nil {
				t.Fatal(err)
			}
			return degraded(p)
		}
		for n := range 15 { // as many as open a circuit that knows nothing
			if got := ask(); got != "series missing unavailable" {
				t.Errorf("page %d: degraded = %q", n, got)
			}
		}
		if got := ask(); got != "series missing circuit_open" {
			t.Errorf("degraded = %q; want series missing circuit_open", got)
		}
		if got := states(rules); len(got) != 1 || got[page.Metrics] != breaker.Open {
			t.Errorf("circuits = %v; want that of metrics open", got)
		}
		s.Always(methods[page.Metrics], afloattest.Pass())
		time.Sleep(page.MaxOpenFor)
		for n := range 2 {
			if got := ask(); got != "" {
				t.Errorf("page %d after the recovery: degraded = %q", n, got)
			}
			time.Sleep(breaker.DefaultSlowStart)
		}
		if got := states(rules); len(got) != 0 || len(guards.Circuits(rules, page.Guarded())) != len(page.Parts()) {
			t.Errorf("circuits = %v; want one for each part, all closed", guards.Circuits(rules, page.Guarded()))
		}
	})
}

// A stream that hangs ends before the page is due.
func TestGuardBoundsStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rules := guard(t)
		service := newService(t, script{page.Activity: hangs}.scripted(t), afloattest.WithClientRules(rules))
		start := time.Now()
		p, err := service.GetDashboard(t.Context(), request())
		if err != nil || degraded(p) != "activity missing timeout" {
			t.Errorf("degraded = %q, error %v; want activity missing timeout", degraded(p), err)
		}
		if took := time.Since(start); took != page.CallTimeout {
			t.Errorf("took %v; want %v", took, page.CallTimeout)
		}
	})
}

func TestNoGuardNoCircuits(t *testing.T) {
	t.Parallel()
	if got := guards.Circuits(nil, page.Guarded()); got != nil {
		t.Errorf("circuits = %v; want none", got)
	}
}

// withCopies returns a dashboard whose user service has stand-ins, and how often the
// database was read.
func withCopies(t *testing.T, s *afloattest.Script) (*page.Service, *page.Copies, *atomic.Int64) {
	t.Helper()
	rules := guard(t)
	var reads atomic.Int64
	copies, err := page.NewCopies("users.example:443", func(id string) (*shopv1.User, error) {
		reads.Add(1)
		return &shopv1.User{Id: id, DisplayName: "from the database"}, nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return newService(t, s, afloattest.WithClientRules(rules), afloattest.WithClientOptions(interceptors.WithFallbacks(copies.Fallbacks))), copies, &reads
}

// A user who was seen before is seen in an old copy.
func TestUserFallsBackToACopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := script{}.scripted(t)
		service, _, reads := withCopies(t, s)
		if p, err := service.GetDashboard(t.Context(), request()); err != nil || degraded(p) != "" {
			t.Fatalf("page = %v, %v", p, err)
		}
		s.Always(methods[page.Users], fails(codes.Unavailable))
		time.Sleep(time.Minute)
		p, err := service.GetDashboard(t.Context(), request())
		if err != nil || degraded(p) != "user stale unavailable" || p.GetUser().GetId() != "user-0001" {
			t.Errorf("page = %v, %v", p, err)
		}
		if age := degrade.FromResponse(p).Age("user"); age != time.Minute || reads.Load() != 0 {
			t.Errorf("age = %v, %d reads; want a minute and none", age, reads.Load())
		}
	})
}

// When the copies are gone the database is read, but no more than it can bear.
func TestDatabaseIsBehindARateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := script{}.scripted(t)
		service, copies, reads := withCopies(t, s)
		if _, err := service.GetDashboard(t.Context(), request()); err != nil {
			t.Fatal(err)
		}
		copies.Forget()
		s.Always(methods[page.Users], fails(codes.Unavailable))
		p, err := service.GetDashboard(t.Context(), request())
		if err != nil || degraded(p) != "user substituted unavailable" || p.GetUser().GetDisplayName() != "from the database" {
			t.Errorf("page = %v, %v", p, err)
		}
		failed := 0
		for range 10 * page.ReadsPerSecond { // at once
			if _, err := service.GetDashboard(t.Context(), request()); err != nil {
				failed++
				if status.Code(err) != codes.Unavailable {
					t.Errorf("error = %v; want that of the user service", err)
				}
			}
		}
		if n := reads.Load(); n != page.ReadsPerSecond/2 || failed != 10*page.ReadsPerSecond-int(n)+1 {
			t.Errorf("%d reads, %d pages failed; want %d reads", n, failed, page.ReadsPerSecond/2)
		}
	})
}
