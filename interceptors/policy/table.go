package policy

import (
	"iter"
	"sync"
	"sync/atomic"
	"unsafe"
)

// table finds the entry of a call without allocating. Generated stubs pass the
// same constant string for a method every time, so comparing where it stands
// in memory finds its entry several times faster than hashing its text does. A
// string that stands elsewhere is found by its text.
//
// lookup is safe for concurrent use; insert and drop need the lock of the
// rules.
type table struct {
	places atomic.Pointer[[]atomic.Pointer[place]] // open addressing, at most half full
	texts  sync.Map                                // callText → *entry

	mu     sync.Mutex // guards filling places
	placed atomic.Int64
	size   int
}

// entry is what rules keep for one (target, method, side).
type entry struct {
	method, target string
	side           Side
	chain          *Chain
	own            []Policy
	shared         []scopedKey
}

// callText is the text of what an entry is found by.
type callText struct {
	method, target string
	side           Side
}

// place says that a call with the strings at these addresses has this entry.
// It keeps the strings alive, so that no others can come to stand there.
type place struct {
	method, target string
	chain          *Chain
	side           Side
}

// Places per entry: more than one, because several connections to one target
// have a string each; bounded, because a server stream's method is a new
// string every time.
const placesPerEntry, firstPlaces = 4, 64

// lookup returns the chain of call, nil if it has no entry.
func (t *table) lookup(call Call) *Chain {
	if places := t.places.Load(); places != nil {
		mask := uintptr(len(*places) - 1)
		for i := addressHash(call.Method, call.Target); ; i++ {
			p := (*places)[i&mask].Load()
			if p == nil {
				break
			}
			if sameString(p.method, call.Method) && sameString(p.target, call.Target) && p.side == call.Side {
				return p.chain
			}
		}
	}
	found, ok := t.texts.Load(callText{call.Method, call.Target, call.Side})
	if !ok {
		return nil
	}
	e := found.(*entry) //nolint:errcheck,forcetypeassert // nothing else is ever stored
	t.remember(call, e)
	return e.chain
}

// remember finds e faster for the next call with these very strings, while
// there is room.
func (t *table) remember(call Call, e *entry) {
	places := t.places.Load()
	if places == nil || t.placed.Load() >= int64(len(*places)/2) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if places := *t.places.Load(); t.placed.Load() < int64(len(places)/2) {
		t.put(places, &place{call.Method, call.Target, e.chain, call.Side})
	}
}

// put fills the first free place of p. The caller holds t.mu and knows that
// there is one.
func (t *table) put(places []atomic.Pointer[place], p *place) {
	mask := uintptr(len(places) - 1)
	i := addressHash(p.method, p.target)
	for places[i&mask].Load() != nil {
		i++
	}
	places[i&mask].Store(p)
	t.placed.Add(1)
}

// insert adds e.
func (t *table) insert(e *entry) {
	t.size++
	t.texts.Store(callText{e.method, e.target, e.side}, e)
	if places := t.places.Load(); places == nil || t.size*placesPerEntry > len(*places)/2 {
		t.rebuild()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(*t.places.Load(), &place{e.method, e.target, e.chain, e.side})
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
	n := firstPlaces
	for n < 2*(t.size+1)*placesPerEntry {
		n *= 2
	}
	places := make([]atomic.Pointer[place], n)
	t.placed.Store(0)
	for e := range t.entries() {
		t.put(places, &place{e.method, e.target, e.chain, e.side})
	}
	t.places.Store(&places)
}

// entries yields every entry once, in no order.
func (t *table) entries() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		t.texts.Range(func(_, e any) bool {
			return yield(e.(*entry)) //nolint:errcheck,forcetypeassert // nothing else is ever stored
		})
	}
}

// sameString reports whether a and b are one string in memory.
func sameString(a, b string) bool {
	return len(a) == len(b) && (len(a) == 0 || unsafe.StringData(a) == unsafe.StringData(b))
}

// addressHash mixes where two strings stand.
func addressHash(a, b string) uintptr {
	const golden = 0x9E3779B97F4A7C15 & (1<<(unsafe.Sizeof(uintptr(0))*8) - 1)
	h := uintptr(unsafe.Pointer(unsafe.StringData(a))) * golden
	if len(b) > 0 {
		h ^= uintptr(unsafe.Pointer(unsafe.StringData(b))) * (golden >> 1)
	}
	return h ^ h>>17
}
