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
	texts  atomic.Pointer[texts]

	mu     sync.Mutex // guards filling places
	placed atomic.Int64
	size   int
	bytes  int // of the texts
}

// Places per entry: more than one, because each of several connections to one
// target has its own string; bounded, because a server stream's method is a new
// string every time.
const (
	placesPerEntry = 2
	firstBits      = uint(6)
)

// lookup returns the chain of call, nil if it has no entry.
func (t *table) lookup(call *policy.Call) *policy.Chain {
	if places := t.places.Load(); places != nil {
		if c, ok := places.find(call); ok {
			return c
		}
	}
	e := t.entry(textOf(call))
	if e == nil {
		return nil
	}
	t.remember(call, e)
	return e.chain
}

// entry returns the entry of a text, nil if there is none.
func (t *table) entry(at callText) *entry {
	texts := t.texts.Load()
	if texts == nil {
		return nil
	}
	return texts.find(at)
}

// textOf returns what the entry of a call is found by.
func textOf(call *policy.Call) callText { return callText{call.Method, call.Target, call.Side} }

// remember finds e faster for the next call with these very strings, while
// there is room.
func (t *table) remember(call *policy.Call, e *entry) {
	places := t.places.Load()
	if places == nil || t.placed.Load() >= places.room() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.entry(e.text()) != e {
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
	t.bytes += e.text().bytes()
	t.putText(e)
	if places := t.places.Load(); places == nil || int64(t.size*placesPerEntry) > places.room() {
		t.rebuild()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(t.places.Load(), &e.place)
}

// putText adds e to the texts, which grow if need be.
func (t *table) putText(e *entry) {
	texts := t.texts.Load()
	if texts == nil || !texts.hasRoomFor(t.size) {
		grown := newTexts(2 * t.size)
		for other := range t.entries() {
			grown.put(other)
		}
		texts = grown
	}
	texts.put(e)
	t.texts.Store(texts)
}

// fill puts entries in place of those that there are.
func (t *table) fill(entries []*entry) {
	t.size, t.bytes = len(entries), 0
	texts := newTexts(t.size)
	for _, e := range entries {
		t.bytes += e.text().bytes()
		texts.put(e)
	}
	t.texts.Store(texts)
	t.rebuild()
}

// drop removes the entries for which gone is true.
func (t *table) drop(gone func(*entry) bool) {
	var stay []*entry
	for e := range t.entries() {
		if !gone(e) {
			stay = append(stay, e)
		}
	}
	if len(stay) < t.size {
		t.fill(stay)
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
		t.put(fresh, &e.place)
	}
	t.places.Store(fresh)
}

// entries yields every entry once, in no order.
func (t *table) entries() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		if texts := t.texts.Load(); texts != nil {
			texts.entries()(yield)
		}
	}
}
