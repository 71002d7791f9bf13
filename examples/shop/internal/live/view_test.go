package live

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/system"
)

// What is wrong with the rules file is said until it is changed into a good one.
func TestFaultsOfRules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		path, err := system.CopyRules(rulesYAML, folder)
		if err != nil {
			t.Fatal(err)
		}
		sys, err := system.Start(t.Context(), system.Config{Network: system.InMemory{}, Folder: folder, Rules: path, Guarded: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := sys.Stop(); err != nil {
				t.Error(err)
			}
		}()
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		guard, err := guardPage(sys.Rules())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			text             string
			applied, refused uint64
			fault            string
		}{
			{"rules: none", 0, 1, "must be a list"},
			{string(good) + "\n", 1, 1, ""},
			{"", 1, 2, "empty"},
		} {
			time.Sleep(time.Second)
			if err := sys.ChangeRules(t.Context(), []byte(c.text)); errors.Is(err, system.ErrRefused) != (c.fault != "") {
				t.Errorf("%.20q: %v", c.text, err)
			}
			w := ask(t, handler(host, &view{system: sys}, http.NotFoundHandler(), guard), "GET", "/guard/snapshot?without_rules=1", "")
			var shown struct {
				Snapshot struct {
					Totals struct {
						ChangesApplied, ChangesRefused uint64 `json:",string"`
						LastRefused                    struct{ Faults string }
					}
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &shown); err != nil {
				t.Fatal(err)
			}
			got := shown.Snapshot.Totals
			if got.ChangesApplied != c.applied || got.ChangesRefused != c.refused || !strings.Contains(got.LastRefused.Faults, c.fault) {
				t.Errorf("%.20q: %+v", c.text, got)
			}
		}
	})
}

// A rate is that of a whole second, however often somebody looks.
func TestRatesAreOfAWholeSecond(t *testing.T) {
	t.Parallel()
	v, begin := &view{}, time.Now()
	for _, look := range []struct {
		after time.Duration
		calls uint64
		want  float64
	}{
		{0, 100, 0},
		{250 * time.Millisecond, 110, 0},
		{time.Second, 120, 20},
		{1500 * time.Millisecond, 200, 20},
		{3 * time.Second, 220, 50},
	} {
		if got := v.rate("a", look.calls, begin.Add(look.after)); got != look.want {
			t.Errorf("after %v: %v calls a second; want %v", look.after, got, look.want)
		}
	}
}

// Latencies are those of pages that were answered.
func TestWindowOfPagesThatFail(t *testing.T) {
	t.Parallel()
	var w window
	now := time.Unix(1000, 0)
	w.add(now, 5*time.Millisecond, full)
	w.add(now, 7*time.Millisecond, partial)
	for range 2 {
		w.add(now, 3*time.Second, failed)
	}
	got := w.figures(now.Add(time.Second))
	if got.P99 != 7 || got.Full != 0.25 || got.Partial != 0.25 || got.Failed != 0.5 || got.PerSecond != 4 {
		t.Errorf("figures = %+v", got)
	}
}

// No page has no parts, and says why.
func TestNoPage(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]*visit{"": nil, "no user": {err: status.Error(codes.Unavailable, "no user")}} {
		if p := pageOf(v); p.Error != want || p.Parts == nil || len(p.Parts) > 0 {
			t.Errorf("page = %+v; want none, and %q", p, want)
		}
	}
}
