package live

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRecordsKeepTheLatestWarnings(t *testing.T) {
	t.Parallel()
	r := &Records{}
	l := slog.New(slog.NewMultiHandler(r.WithAttrs([]slog.Attr{slog.String("service", "edge")})))
	for i := range 100 {
		l.Info("no news")
		l.Warn("news", "n", i)
	}
	slog.New(r).WithGroup("g").Error("bare")
	got := r.latest()
	if len(got) != kept || got[0].Text != "bare" || got[1].Text != "news, n 99" || got[1].Service != "edge" || got[1].Level != "WARN" {
		t.Errorf("%d events, the latest %+v and %+v", len(got), got[0], got[1])
	}
}

// change returns a record of a circuit.
func change(l *slog.Logger, from, to, cause string) {
	l.Warn("circuit changed its state", "name", "/a.B/C", "from", from, "to", to, "cause", cause)
}

// local returns an instant of a bubble as the page shows it here, seconds after the
// first.
func local(seconds int) string {
	return time.Date(2000, 1, 1, 0, 0, seconds, 0, time.UTC).Local().Format(clock) //nolint:gosmopolitan // as the page does
}

// Probes that fail one after the other are one event, so that what came before them is
// still there. A probe that is under way is none.
func TestFailedProbesAreOneEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &Records{}
		l := slog.New(r.WithAttrs([]slog.Attr{slog.String("service", "edge")}))
		change(l, "closed", "open", "consecutive_failures")
		for range 3 {
			for range 2 * kept {
				time.Sleep(time.Second)
				change(l, "open", "half_open", "open_time_over")
				change(l, "half_open", "open", "probe_failed")
			}
			change(l.With("service", "other"), "half_open", "open", "probe_failed")
		}
		change(l, "half_open", "open", "probe_slow")
		change(l, "half_open", "closed", "probes_succeeded")
		var got []string
		for _, e := range r.latest() {
			got = append(got, e.At+" "+e.Service+" "+e.Text)
		}
		ended := local(4 * 60)
		want := []string{
			ended + " edge the circuit of /a.B/C went from half open to closed: probes succeeded",
			ended + " edge the circuit of /a.B/C stays open: probe slow",
			local(80) + " other the circuit of /a.B/C stays open: probe failed, 3 times until " + ended,
			local(1) + " edge the circuit of /a.B/C stays open: probe failed, 240 times until " + ended,
			local(0) + " edge the circuit of /a.B/C went from closed to open: consecutive failures",
		}
		if !slices.Equal(got, want) {
			t.Errorf("events:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// Of an error it is said what it is, and not all of it if that is very much.
func TestRecordsOfErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &Records{}
		l := slog.New(r)
		l.Error("rules refused", "error", "rules.yaml:1:8: must not be so long")
		l.Error("rules refused", "file", "rules.yaml", "error", "rules.yaml:1:8: must be a list")
		l.Error("rules refused", "file", "rules.yaml", "error", "rules.yaml:1:8: must be a list")
		l.Error("rules refused", "error", strings.Repeat("ü", maxText))
		got := r.latest()
		if again := ", 2 times until " + local(0); len(got) != 3 || got[1].Text != "rules refused: rules.yaml:1:8: must be a list"+again {
			t.Errorf("%d events, one of them %q", len(got), got[1].Text)
		}
		if want := "rules refused: " + strings.Repeat("ü", (maxText-len("rules refused: "))/2) + "…"; got[0].Text != want {
			t.Errorf("text = %q; want %q", got[0].Text, want)
		}
	})
}
