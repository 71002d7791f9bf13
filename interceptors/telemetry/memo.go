package telemetry

import (
	"maps"
	"sync"
	"sync/atomic"
)

// maxKept bounds every memo. The SDK of OpenTelemetry keeps 2000 sets of attributes
// for an instrument by default, and a circuit has six, one for each of its states.
const maxKept = 330

// other replaces every name beyond a bound, and names that strangers make up. See
// semantic conventions, rpc.method.
const other = "_OTHER"

// memo keeps what was made for each key. It is read without a lock and safe for
// concurrent use.
type memo[K comparable, V any] struct {
	make func(K) V
	// rest is the key that replaces one beyond maxKept: the same without its
	// names, whose number is unbounded.
	rest func(K) K

	kept atomic.Pointer[map[K]V]
	mu   sync.Mutex // held to add
}

// newMemo returns a memo of what build makes, in which rest replaces keys beyond the
// bound.
func newMemo[K comparable, V any](rest func(K) K, build func(K) V) *memo[K, V] {
	m := &memo[K, V]{make: build, rest: rest}
	m.kept.Store(&map[K]V{})
	return m
}

// of returns what is kept for key. It is always the same, so that what is added
// under a key is subtracted under it again.
func (m *memo[K, V]) of(key K) V {
	if v, _, ok := m.find(*m.kept.Load(), key); ok {
		return v
	}
	return m.add(key)
}

// find looks for key, or for the one that stands for it beyond the bound.
func (m *memo[K, V]) find(kept map[K]V, key K) (v V, under K, ok bool) {
	v, ok = kept[key]
	if !ok && len(kept) >= maxKept {
		key = m.rest(key)
		v, ok = kept[key]
	}
	return v, key, ok
}

// add keeps something new.
func (m *memo[K, V]) add(key K) V {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := *m.kept.Load()
	v, key, ok := m.find(kept, key)
	if ok {
		return v
	}
	grown := maps.Clone(kept)
	grown[key] = m.make(key)
	m.kept.Store(&grown)
	return grown[key]
}
