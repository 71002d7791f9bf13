package config_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// childPath names the rules file of the process in which descriptors run out.
const childPath = "AFLOAT_TEST_RULES_FILE"

// A process that has no descriptors to spare when it begins to watch looks at the file as
// soon as it can read it, watches it as soon as it can do that, and says what it does.
func TestWatchWithoutDescriptors(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(childPath); path != "" {
		starve(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "rules.yaml")
	write := func(wait string) {
		t.Helper()
		text := "rules: [{match: \"*\", timeout: {max: " + wait + "}}]\n"
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write("1s")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWatchWithoutDescriptors$")
	child.Env = append(os.Environ(), childPath+"="+path)
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, step := range []struct{ says, wait string }{{"blind", "2s"}, {"reads", "3s"}, {"watches", "4s"}, {"saw", ""}} {
		if !lines.Scan() || lines.Text() != step.says {
			rest, _ := io.ReadAll(out)
			t.Fatalf("the child says %q; want %q\n%s", lines.Text(), step.says, rest)
		}
		if step.wait != "" {
			write(step.wait)
			if _, err := fmt.Fprintln(in, "go on"); err != nil {
				t.Fatal(err)
			}
		}
	}
	rest, _ := io.ReadAll(out)
	if err := child.Wait(); err != nil {
		t.Errorf("the child: %v\n%s", err, rest)
	}
}

// starve is the child. It says what it has come to, and waits until it is to go on.
func starve(t *testing.T, path string) {
	t.Helper()
	heard := make(hearing, 1000)
	set, err := config.New(config.WithFile(path), config.WithLogger(slog.New(heard)))
	if err != nil {
		t.Fatal(err)
	}
	heard.until("rules applied") // at the start
	orders := bufio.NewScanner(os.Stdin)
	says := func(what string) {
		fmt.Println(what)
		if !orders.Scan() {
			t.Fatal("nobody wants it to go on")
		}
	}
	allowed := limitDescriptors(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var watching sync.WaitGroup
	watching.Go(func() {
		if err := set.Watch(ctx); err != nil {
			t.Error(err)
		}
	})
	heard.until("rules refused; those before stay in force") // not even read
	wantUnwatched(t, set, true)
	if r := set.Snapshot().LastRefused; r == nil || !errors.Is(r.Err, syscall.EMFILE) {
		t.Errorf("LastRefused = %+v; want that there is no descriptor", r)
	}
	says("blind")
	allowed(1) // to read, not to watch as well
	heard.until("rules applied")
	wantUnwatched(t, set, true)
	says("reads")
	heard.until("rules applied") // by looking
	wantUnwatched(t, set, true)
	allowed(64)
	heard.until("the rules file is watched again")
	wantUnwatched(t, set, false)
	says("watches")
	heard.until("rules applied")
	if got := set.Snapshot().Rules[0].Rule.Policies[0].Config; !strings.Contains(fmt.Sprint(got), "4s") {
		t.Errorf("rules = %v; want the last", got)
	}
	cancel()
	watching.Wait()
	fmt.Println("saw")
}

// limitDescriptors lets the process have no more descriptors than it has, but for so many.
// It returns what changes their number.
func limitDescriptors(t *testing.T, more uint64) func(more uint64) {
	t.Helper()
	next, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	lowest := uint64(next.Fd())
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	allow := func(more uint64) {
		limit.Cur = lowest + more
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	allow(more)
	return allow
}

// wantUnwatched checks what the snapshot says, also as a message.
func wantUnwatched(t *testing.T, set *config.Set, want bool) {
	t.Helper()
	s := set.Snapshot()
	if got := errors.Is(s.Unwatched, syscall.EMFILE); got != want || !want && s.Unwatched != nil || (s.Message().GetUnwatched() != "") != want {
		t.Errorf("Unwatched = %v, as a message %q; want an error: %v", s.Unwatched, s.Message().GetUnwatched(), want)
	}
}

// hearing is what a logger writes.
type hearing chan string

// until waits for a record with that text.
func (h hearing) until(text string) {
	for heard := range h {
		if heard == text {
			return
		}
	}
}

func (hearing) Enabled(context.Context, slog.Level) bool { return true }

func (h hearing) Handle(_ context.Context, r slog.Record) error { h <- r.Message; return nil }
func (h hearing) WithAttrs([]slog.Attr) slog.Handler            { return h }
func (h hearing) WithGroup(string) slog.Handler                 { return h }
