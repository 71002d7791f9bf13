package live

import (
	"context"
	"log/slog"
	"slices"
	"sync"
)

// kept is how many notes are kept.
const kept = 40

// Records keeps notes of the latest warnings, for the page. It is a slog.Handler, and its zero
// value is ready. It must not be copied.
type Records struct {
	mu    sync.Mutex
	notes []note
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
	all := []Event{}
	for _, n := range slices.Backward(r.notes) {
		all = append(all, n.event())
	}
	return all
}

// keep keeps a note. What is said of a circuit once more, that a probe failed like the one
// before it, is no other note: a backend that is sick for long would leave nothing else to
// be seen.
func (r *Records) keep(n note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if before := r.lastOf(n.service, n.circuit); before != nil && before.text == n.text {
		before.times, before.last = before.times+1, n.at
		return
	}
	r.notes = append(r.notes[max(0, len(r.notes)+1-kept):], n)
}

// lastOf returns the latest note of a circuit, nil if there is none.
func (r *Records) lastOf(service, circuit string) *note {
	for i := range slices.Backward(r.notes) {
		if n := &r.notes[i]; n.service == service && n.circuit == circuit {
			return n
		}
	}
	return nil
}

// recorder is Records with attributes for all records.
type recorder struct {
	records *Records
	attrs   []slog.Attr
}

// Enabled implements slog.Handler.
func (h recorder) Enabled(ctx context.Context, level slog.Level) bool {
	return h.records.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h recorder) WithAttrs(attrs []slog.Attr) slog.Handler {
	return recorder{h.records, append(slices.Clip(h.attrs), attrs...)}
}

// WithGroup implements slog.Handler. Groups are not shown.
func (h recorder) WithGroup(string) slog.Handler { return h }

// Handle keeps what there is to say of the record.
func (h recorder) Handle(_ context.Context, record slog.Record) error {
	said := map[string]string{}
	hear := func(a slog.Attr) bool {
		said[a.Key] = a.Value.String()
		return true
	}
	for _, a := range h.attrs {
		hear(a)
	}
	record.Attrs(hear)
	if n, ok := noteOf(record, said); ok {
		h.records.keep(n)
	}
	return nil
}
