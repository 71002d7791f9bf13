package config_test

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

const (
	charge = "/shop.Payments/Charge"
	refund = "/shop.Payments/Refund"
)

// newSet makes a set that logs nothing.
func newSet(tb testing.TB, opts ...config.Option) *config.Set {
	tb.Helper()
	s, err := config.New(append([]config.Option{config.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	if err != nil {
		tb.Fatalf("New: %v", err)
	}
	return s
}

// file writes a rules file in a folder of its own.
func file(tb testing.TB, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "rules.yaml")
	write(tb, path, text)
	return path
}

func write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// within is a rule of code that bounds calls by its own time.
func within(match string, d time.Duration) rules.Rule {
	return rules.Rule{Match: match, Policies: []rules.Template{timeout.Each(timeout.Config{Max: d})}}
}

// maxOf is the time that the rules give a call at most, 0 for none.
func maxOf(s *config.Set, call policy.Call) time.Duration {
	for _, p := range s.Rules().Resolve(&call).Policies() {
		if t, ok := p.(*timeout.Timeout); ok {
			return t.Config().Max
		}
	}
	return 0
}

// ear is an observer that keeps what it hears.
type ear struct {
	mu    sync.Mutex
	lines []string
	heard chan string // nil: not wanted
}

func (e *ear) RulesApplied(source string, given int) {
	e.note(fmt.Sprintf("%s: %d rules", source, given))
}

func (e *ear) RulesRefused(source string, err error) {
	e.note(fmt.Sprintf("%s: refused, %s", source, strings.SplitN(err.Error(), "\n", 2)[0]))
}

func (e *ear) note(line string) {
	e.mu.Lock()
	e.lines = append(e.lines, line)
	e.mu.Unlock()
	if e.heard != nil {
		e.heard <- line
	}
}

func (e *ear) want(tb testing.TB, want ...string) {
	tb.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if got := strings.Join(e.lines, "\n"); got != strings.Join(want, "\n") {
		tb.Errorf("heard:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	e.lines = nil
}

// logTo returns a logger that writes text.
func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
