package misuse

import (
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
)

// Misuse is one that happened.
type Misuse struct {
	// Kind says in what way.
	Kind Kind
	// Where is the method, the connection, the rule or whatever else is misused.
	Where string
	// Problem says what is wrong, empty if the kind says it all.
	Problem string
}

// String returns the kind, where it happened, what is wrong and what to do about it.
func (m Misuse) String() string {
	s := string(m.Kind) + ": " + m.Where
	if m.Problem != "" {
		s += ": " + m.Problem
	}
	return s + "; " + m.Kind.remedy()
}

// The bounds of what is remembered: how many places of a kind, so that one of which there is
// much leaves the others theirs, how many kinds, and how many bytes of a text.
const (
	maxPlaces = 100
	maxKinds  = 100
	maxText   = 512
)

// told is what has happened in this process.
var told struct { //nolint:gochecknoglobals // a misuse has no owner, see the package's text
	mu       sync.Mutex
	counts   map[Kind]uint64
	places   map[Kind]map[string]bool
	watchers map[*func(Misuse)]bool
}

// Note counts a misuse. The first time that it happens in a place it is logged, up to a
// hundred places of a kind. Texts are cut to 512 bytes. It is for the packages of the toolkit, and
// for extensions of it.
func Note(m Misuse) {
	m.Where, m.Problem = within(m.Where), within(m.Problem)
	first, watchers := note(m)
	if first {
		slog.Warn("afloat: this cannot be meant", "misuse", string(m.Kind), "where", m.Where, "problem", m.Problem, "remedy", m.Kind.remedy())
	}
	for _, w := range watchers {
		(*w)(m)
	}
}

// note does what Note does under the lock. It reports whether this is the first in its
// place, and returns who is to hear of it.
func note(m Misuse) (first bool, watchers []*func(Misuse)) {
	told.mu.Lock()
	defer told.mu.Unlock()
	if told.counts == nil {
		told.counts, told.places = map[Kind]uint64{}, map[Kind]map[string]bool{}
	}
	told.counts[m.Kind]++
	places := told.places[m.Kind]
	if places == nil && len(told.places) < maxKinds {
		places = map[string]bool{}
		told.places[m.Kind] = places
	}
	if first = places != nil && !places[m.Where] && len(places) < maxPlaces; first {
		places[m.Where] = true
	}
	return first, slices.Collect(maps.Keys(told.watchers))
}

// Counts yields how often each kind has been noted in this process, in no order.
func Counts() iter.Seq2[Kind, uint64] {
	told.mu.Lock()
	defer told.mu.Unlock()
	return maps.All(maps.Clone(told.counts))
}

// Watch calls f for each misuse from now on, also for those that have been logged before,
// on the goroutine that misuses. It must not block. It returns what ends that.
func Watch(f func(Misuse)) (stop func()) {
	told.mu.Lock()
	defer told.mu.Unlock()
	if told.watchers == nil {
		told.watchers = map[*func(Misuse)]bool{}
	}
	told.watchers[&f] = true
	return func() {
		told.mu.Lock()
		defer told.mu.Unlock()
		delete(told.watchers, &f)
	}
}

// TB is what [Fail] needs of a test. A *testing.T is one.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Cleanup(f func())
}

// Fail makes the test fail for each misuse until it ends, whoever misuses: tests that run
// beside it may be the cause.
func Fail(tb TB) {
	tb.Helper()
	tb.Cleanup(Watch(func(m Misuse) { tb.Errorf("%v", m) }))
}

// within returns the beginning of a text.
func within(text string) string {
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for cut > 0 && text[cut]&0xC0 == 0x80 { // no character is cut in two
		cut--
	}
	return text[:cut] + "…"
}
