package rules

import (
	"iter"
	"sync"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// table finds the entry of a call without allocating. Generated stubs pass the
// same constant string for a method every time, so looking it up by its address
// is several times faster than hashing its text. A string at another address is
// found by its text.
//
// lookup is safe for concurrent use; insert and drop need the lock of the
// rules.
type table struct {
	places atomic.Pointer[places]
	texts  sync.Map // callText → *entry

	mu     sync.Mutex // guards filling places
	placed atomic.Int64
	size   int
}

// callText is the text of what an entry is found by.
type callText struct {
	method, target string
	side           policy.Side
}

// Places per entry: more than one, because each of several connections to one
// target has its own string; bounded, because a server stream's method is a new
// string every time.
const (
	placesPerEntry = 4
	firstBits      = uint(6)
)

// lookup returns the chain of call, nil if it has no entry.
func (t *table) lookup(call *policy.Call) *policy.Chain {
	if places := t.places.Load(); places != nil {
		if c, ok := places.find(call); ok {
			return c
		}
	}
	e := t.entry(callText{call.Method, call.Target, call.Side})
	if e == nil {
		return nil
	}
	t.remember(call, e)
	return e.chain
}

// entry returns the entry of a text, nil if there is none.
func (t *table) entry(at callText) *entry {
	found, ok := t.texts.Load(at)
	if !ok {
		return nil
	}
	return found.(*entry) //nolint:errcheck,forcetypeassert // nothing else is ever stored
}

// remember finds e faster for the next call with these very strings, while
// there is room.
func (t *table) remember(call *policy.Call, e *entry) {
	places := t.places.Load()
	if places == nil || t.placed.Load() >= places.room() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if now, ok := t.texts.Load(callText{e.method, e.target, e.side}); !ok || now != e {
		return // dropped in the meantime: its place would outlive it
	}
	if places := t.places.Load(); t.placed.Load() < places.room() {
		t.put(places, &place{call.Method, call.Target, e.chain, call.Side})
	}
}

// put adds p. The caller holds t.mu and knows that there is a free slot.
func (t *table) put(places *places, p *place) {
	i := places.index(p.method, p.target)
	for places.at(i).Load() != nil {
		i++
	}
	places.at(i).Store(p)
	t.placed.Add(1)
}

// insert adds e.
func (t *table) insert(e *entry) {
	t.size++
	t.texts.Store(callText{e.method, e.target, e.side}, e)
	if places := t.places.Load(); places == nil || int64(t.size*placesPerEntry) > places.room() {
		t.rebuild()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(t.places.Load(), &place{e.method, e.target, e.chain, e.side})
}

// fill adds entries to a table that nobody uses yet.
func (t *table) fill(entries []*entry) {
	for _, e := range entries {
		t.texts.Store(callText{e.method, e.target, e.side}, e)
	}
	t.size = len(entries)
	if t.size > 0 {
		t.rebuild()
	}
}

// drop removes the entries for which gone is true.
func (t *table) drop(gone func(*entry) bool) {
	before := t.size
	for e := range t.entries() {
		if gone(e) {
			t.texts.Delete(callText{e.method, e.target, e.side})
			t.size--
		}
	}
	if t.size < before {
		t.rebuild()
	}
}

// rebuild makes places anew, with room for the entries there are.
func (t *table) rebuild() {
	t.mu.Lock()
	defer t.mu.Unlock()
	bits := firstBits
	for 1<<bits < 2*(t.size+1)*placesPerEntry {
		bits++
	}
	fresh := &places{slots: make([]atomic.Pointer[place], 1<<bits), shift: uintptrBits - bits}
	t.placed.Store(0)
	for e := range t.entries() {
		t.put(fresh, &place{e.method, e.target, e.chain, e.side})
	}
	t.places.Store(fresh)
}

// entries yields every entry once, in no order.
func (t *table) entries() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		t.texts.Range(func(_, e any) bool {
			return yield(e.(*entry)) //nolint:errcheck,forcetypeassert // nothing else is ever stored
		})
	}
}
