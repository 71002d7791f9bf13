package system_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/examples/shop/guards"
	"github.com/afloat-go/afloat/examples/shop/page"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/breaker"
)

// The rules file is followed on a real disk, and the circuits stay what they are.
func TestRulesAreFollowed(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path, err := system.CopyRules(rules, folder)
	if err != nil {
		t.Fatal(err)
	}
	s, err := system.Start(t.Context(), system.Config{Folder: folder, Rules: path, Follow: true, Guarded: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()
	home(t, s)
	alerts := guards.Service{Name: page.Alerts, Methods: "/shop.v1.AlertsService/"}
	before, _ := guards.Find[*breaker.Breaker](s.Guard(), alerts)
	text, err := os.ReadFile(s.RulesFile())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, says string }{
		{"slow_after", "slow_afer", "did you mean slow_after?"},
		{"slow_after: 250ms", "slow_after: 333ms", ""},
	} {
		err := s.ChangeRules(t.Context(), []byte(strings.Replace(string(text), c.from, c.to, 1)))
		if refused := c.says != ""; errors.Is(err, system.ErrRefused) != refused || refused && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error = %v; want %q", c.to, err, c.says)
		}
	}
	after, _ := guards.Find[*breaker.Breaker](s.Guard(), alerts)
	if before != after || after.Config().SlowAfter.String() != "333ms" {
		t.Errorf("circuit %p, then %p with %+v", before, after, after.Config())
	}
	if snap := s.Rules().Snapshot(); snap.Applied != 1 || snap.Refused != 1 || snap.LastRefused == nil {
		t.Errorf("%d changes applied, %d refused, the last %v", snap.Applied, snap.Refused, snap.LastRefused)
	}
}

func TestRulesThatCannotBeCopied(t *testing.T) {
	t.Parallel()
	if _, err := system.CopyRules("nowhere.yaml", t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error = %v", err)
	}
}
