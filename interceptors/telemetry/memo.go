package telemetry

import (
	"maps"
	"sync"
	"sync/atomic"
)

// maxKept bounds every memo. The SDK of OpenTelemetry keeps 2000 sets of attributes
// for an instrument by default, and a circuit has five, one for each of its states.
const maxKept = 390

// other is what stands for every name beyond a bound, and for those that strangers
// make up. See semantic conventions, rpc.method.
const other = "_OTHER"

// memo keeps what was made for each key. It is read without a lock, and safe for
// concurrent use.
type memo[K comparable, V any] struct {
	make func(K) V
	// rest is the key that stands for one beyond maxKept: the same without its
	// names, of which there may be any number.
	rest func(K) K

	kept atomic.Pointer[map[K]V]
	mu   sync.Mutex // held to add
}

func newMemo[K comparable, V any](rest func(K) K, build func(K) V) *memo[K, V] {
	m := &memo[K, V]{make: build, rest: rest}
	m.kept.Store(&map[K]V{})
	return m
}

// of returns what is kept for key.
func (m *memo[K, V]) of(key K) V {
	kept := *m.kept.Load()
	if v, ok := kept[key]; ok {
		return v
	}
	if len(kept) >= maxKept {
		key = m.rest(key)
		if v, ok := kept[key]; ok {
			return v
		}
	}
	return m.add(key)
}

// add keeps something new. A few calls may add one more each at the bound.
func (m *memo[K, V]) add(key K) V {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := *m.kept.Load()
	if v, ok := kept[key]; ok {
		return v
	}
	grown := maps.Clone(kept)
	grown[key] = m.make(key)
	m.kept.Store(&grown)
	return grown[key]
}
