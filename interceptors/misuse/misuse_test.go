package misuse_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/afloat-go/afloat/interceptors/misuse"
)

// recorder is a test that others fail.
type recorder struct {
	failures []string
	cleanups []func()
}

func (*recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func count(k misuse.Kind) uint64 {
	for kind, n := range misuse.Counts() {
		if kind == k {
			return n
		}
	}
	return 0
}

// A misuse is logged once in each place, and counted each time; a test that asks for it
// fails until it ends.
func TestNote(t *testing.T) { //nolint:paralleltest // it takes the log of the process
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)

	r := new(recorder)
	misuse.Fail(r)
	const kind = misuse.Kind("test_note")
	for range 3 {
		misuse.Note(misuse.Misuse{Kind: kind, Where: "/a.B/C", Problem: "is no method"})
	}
	misuse.Note(misuse.Misuse{Kind: kind, Where: "/a.B/D"})
	for _, f := range r.cleanups {
		f()
	}
	misuse.Note(misuse.Misuse{Kind: kind, Where: "/a.B/D"})
	if got := count(kind); got != 5 {
		t.Errorf("counted %d; want 5", got)
	}
	if lines := strings.Count(log.String(), "misuse=test_note"); lines != 2 || !strings.Contains(log.String(), `where=/a.B/C problem="is no method"`) {
		t.Errorf("logged:\n%s\nwant a line for each of two places", &log)
	}
	if want := "test_note: /a.B/C: is no method; see the documentation"; len(r.failures) != 4 || r.failures[0] != want {
		t.Errorf("the test failed with %q; want 4 failures, the first %q", r.failures, want)
	}
}

// What is remembered is bounded, whatever is misused where, and one kind does not use up
// what there is for another.
func TestNoteIsBounded(t *testing.T) { //nolint:paralleltest // it takes the log of the process
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)

	long := strings.Repeat("é", 1<<20)
	misuse.Note(misuse.Misuse{Kind: "test_long", Where: long, Problem: long})
	if n := log.Len(); n > 3000 || strings.Contains(log.String(), `\x`) {
		t.Errorf("logged %d bytes; want two texts of 512, whole characters", n)
	}
	log.Reset()
	const many = 1200
	for i := range many {
		misuse.Note(misuse.Misuse{Kind: "test_many", Where: strconv.Itoa(i)})
	}
	if lines := strings.Count(log.String(), "\n"); lines != 100 {
		t.Errorf("logged %d places; want 100", lines)
	}
	misuse.Note(misuse.Misuse{Kind: "test_other"})
	if !strings.Contains(log.String(), "misuse=test_other") {
		t.Error("another kind is not logged any more")
	}
	if got := count("test_many"); got != many {
		t.Errorf("counted %d; want %d", got, many)
	}
}

// Notes, watchers and counts do not disturb each other.
func TestNoteConcurrently(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				stop := misuse.Watch(func(misuse.Misuse) {})
				misuse.Note(misuse.Misuse{Kind: "test_concurrently"})
				stop()
				_ = count("test_concurrently")
			}
		})
	}
	wg.Wait()
	if got := count("test_concurrently"); got != 800 {
		t.Errorf("counted %d; want 800", got)
	}
}

// Every kind says what to do.
func TestEveryKindHasARemedy(t *testing.T) {
	t.Parallel()
	for _, k := range []misuse.Kind{
		misuse.GuardedTwice, misuse.RetriedTwice, misuse.RetryOutsideFallbacks, misuse.ReportUnread, misuse.MarkOutsideScope,
		misuse.MarkUnknownField, misuse.MarkerField, misuse.MethodUnknown, misuse.FileUnwatched, misuse.NoRules,
	} {
		if s := (misuse.Misuse{Kind: k, Where: "x"}).String(); strings.HasSuffix(s, "see the documentation") {
			t.Errorf("%s; want a remedy", s)
		}
	}
}
