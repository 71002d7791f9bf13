package system_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/examples/shop/backend/store"
	"github.com/afloat-go/afloat/examples/shop/orders"
	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// rules is the rules file of the example.
const rules = "../rules.yaml"

// start starts a system in memory. It must run inside a bubble.
func start(t *testing.T) *system.System {
	t.Helper()
	s, err := system.Start(t.Context(), system.Config{Network: system.InMemory{}, Folder: t.TempDir(), Rules: rules, Guarded: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// home asks the edge for a page and returns what it says of the page's parts.
func home(t *testing.T, s *system.System) degrade.Report {
	t.Helper()
	got, err := s.Edge().GetHome(t.Context(), &shopv1.GetHomeRequest{UserId: "user-0001"})
	if err != nil {
		t.Fatal(err)
	}
	return degrade.FromResponse(got)
}

// What a backend becomes, a page shows.
func TestBackendsCanBeMadeSick(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		if report := home(t, s); !report.Complete() {
			t.Errorf("all is well, and the page is not complete: %v", report)
		}
		for how, took := range map[system.Sickness]time.Duration{
			system.Hanging: page.CallTimeout,
			system.Failing: 0,
			system.Slow:    system.SlowBy,
		} {
			alerts := s.Backend(page.Alerts)
			before, begin := alerts.Arrived(), time.Now()
			if err := alerts.Become(how); err != nil {
				t.Fatal(err)
			}
			state := home(t, s).State("dashboard.alerts")
			if missing := how != system.Slow; (state == degrade.Missing) != missing || time.Since(begin) != took {
				t.Errorf("sickness %d: alerts are %v after %v; want missing: %v after %v", how, state, time.Since(begin), missing, took)
			}
			if n := alerts.Arrived() - before; n != 1 {
				t.Errorf("sickness %d: %d calls arrived; want 1", how, n)
			}
			if err := alerts.Become(system.Well); err != nil {
				t.Fatal(err)
			}
			if report := home(t, s); !report.Complete() {
				t.Errorf("sickness %d is over, and the page is not complete: %v", how, report)
			}
		}
	})
}

func TestBackendsByName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t)
		for _, b := range s.Backends() {
			if s.Backend(b.Name()) != b {
				t.Errorf("the backend called %s is another one", b.Name())
			}
		}
		if len(s.Backends()) < len(page.Parts()) || s.Backend("weather") != nil {
			t.Errorf("%d backends, one of them the weather: %v", len(s.Backends()), s.Backend("weather"))
		}
	})
}

func TestConfigThatLacksSomething(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]system.Config{
		`system: folder = ""; must be a folder`: {Rules: rules},
		`system: rules = ""; must be a file`:    {Folder: t.TempDir()},
	} {
		if _, err := system.Start(t.Context(), cfg); err == nil || err.Error() != want {
			t.Errorf("error = %v; want %s", err, want)
		}
	}
}

var errNoPort = errors.New("no port is free")

// crowded is a network with room for a few services.
type crowded struct {
	system.InMemory

	room *int
}

func (c crowded) Listen(ctx context.Context) (net.Listener, error) {
	if *c.room--; *c.room < 0 {
		return nil, errNoPort
	}
	return c.InMemory.Listen(ctx)
}

// A start that fails leaves nothing behind: no goroutine, or the bubble would not
// end, and no open file.
func TestStartThatFailsStopsWhatItStarted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		for room := range 11 {
			cfg := system.Config{Network: crowded{room: &room}, Folder: folder, Rules: rules, Guarded: true}
			if _, err := system.Start(t.Context(), cfg); !errors.Is(err, errNoPort) {
				t.Errorf("error = %v; want that of the network", err)
			}
			db, err := store.Open(folder)
			if err != nil {
				t.Fatal(err)
			}
			queue, err := orders.OpenQueue(filepath.Join(folder, "orders.db"))
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(db.Close(), queue.Close()); err != nil {
				t.Error(err)
			}
		}
	})
}

// On a real network clients reach every service.
func TestLoopback(t *testing.T) {
	t.Parallel()
	s, err := system.Start(t.Context(), system.Config{Folder: t.TempDir(), Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Edge().GetHome(t.Context(), &shopv1.GetHomeRequest{UserId: "user-0001"})
	if err != nil || got.GetDashboard().GetUser().GetDisplayName() != "User 1" {
		t.Errorf("home = %v, %v", got, err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

func TestListenersOfAnotherNetwork(t *testing.T) {
	t.Parallel()
	lis, err := system.Loopback{}.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lis.Close() }()
	if _, err := (system.InMemory{}).Connect(lis); err == nil || !strings.Contains(err.Error(), "must be one in memory") {
		t.Errorf("error = %v", err)
	}
}
