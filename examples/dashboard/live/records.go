package live

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// kept is how many records are kept.
const kept = 40

// Records keeps the latest warnings, for the page. It is a slog.Handler, and its zero
// value is ready. It must not be copied.
type Records struct {
	mu     sync.Mutex
	events []Event
}

// Enabled implements slog.Handler.
func (*Records) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements slog.Handler.
func (r *Records) Handle(ctx context.Context, record slog.Record) error {
	return recorder{records: r}.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (r *Records) WithAttrs(attrs []slog.Attr) slog.Handler { return recorder{r, attrs} }

// WithGroup implements slog.Handler. Groups are not shown.
func (r *Records) WithGroup(string) slog.Handler { return r }

// latest returns the events, the newest first.
func (r *Records) latest() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := append([]Event{}, r.events...)
	slices.Reverse(all)
	return all
}

func (r *Records) keep(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events[max(0, len(r.events)+1-kept):], e)
}

// recorder is Records with attributes for all records.
type recorder struct {
	records *Records
	attrs   []slog.Attr
}

func (h recorder) Enabled(ctx context.Context, level slog.Level) bool {
	return h.records.Enabled(ctx, level)
}

func (h recorder) WithAttrs(attrs []slog.Attr) slog.Handler {
	return recorder{h.records, append(slices.Clip(h.attrs), attrs...)}
}

func (h recorder) WithGroup(string) slog.Handler { return h }

// Handle keeps the record.
func (h recorder) Handle(_ context.Context, record slog.Record) error {
	said := map[string]string{}
	note := func(a slog.Attr) bool {
		said[a.Key] = a.Value.String()
		return true
	}
	for _, a := range h.attrs {
		note(a)
	}
	record.Attrs(note)
	h.records.keep(Event{
		At: record.Time.Format("15:04:05"), Level: record.Level.String(), Service: said["service"],
		Text: text(record.Message, said),
	})
	return nil
}

// text is a record in a line: a change of a circuit in words, anything else as its
// message with what it says.
func text(message string, said map[string]string) string {
	if said["from"] != "" && said["to"] != "" {
		words := strings.NewReplacer("_", " ")
		return fmt.Sprintf("the circuit of %s went from %s to %s: %s",
			said["name"], words.Replace(said["from"]), words.Replace(said["to"]), words.Replace(said["cause"]))
	}
	var more []string
	for key, value := range said {
		if key != "service" && value != "" {
			more = append(more, key+" "+value)
		}
	}
	slices.Sort(more)
	return strings.Join(append([]string{message}, more...), ", ")
}
