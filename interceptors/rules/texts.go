package rules

import (
	"hash/maphash"
	"iter"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// callText is the text of what an entry is found by.
type callText struct {
	method, target string
	side           policy.Side
}

// bytes returns how long the text is.
func (t callText) bytes() int { return len(t.method) + len(t.target) }

// texts is a hash table of entries by their text, with open addressing. Finding is
// safe for concurrent use; put needs the lock of the rules. It never gets full.
type texts struct {
	seed  maphash.Seed
	slots []atomic.Pointer[entry] // a power of two
}

// newTexts returns a table with room for n entries: half of its slots stay free.
func newTexts(n int) *texts {
	bits := firstBits
	for 1<<bits < 2*n {
		bits++
	}
	return &texts{seed: maphash.MakeSeed(), slots: make([]atomic.Pointer[entry], 1<<bits)}
}

// hasRoomFor reports whether the table has room for n entries.
func (t *texts) hasRoomFor(n int) bool { return 2*n <= len(t.slots) }

// find returns the entry of a text, nil if there is none.
func (t *texts) find(at callText) *entry {
	for i := t.hash(at); ; i++ {
		e := t.slot(i).Load()
		if e == nil || e.method == at.method && e.target == at.target && e.side == at.side {
			return e
		}
	}
}

// own returns the policy of one key with that identity, nil if there is none. Nil texts
// have none.
func (t *texts) own(id identity) policy.Policy {
	if t == nil {
		return nil
	}
	return t.find(callText{id.name, id.target, id.side}).policy(id)
}

// put adds an entry whose text has none yet.
func (t *texts) put(e *entry) {
	i := t.hash(e.text())
	for t.slot(i).Load() != nil {
		i++
	}
	t.slot(i).Store(e)
}

// entries yields every entry once, in no order.
func (t *texts) entries() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for i := range t.slots {
			if e := t.slots[i].Load(); e != nil && !yield(e) {
				return
			}
		}
	}
}

// slot returns the i-th slot, counted around.
func (t *texts) slot(i uint64) *atomic.Pointer[entry] {
	return &t.slots[i&uint64(len(t.slots)-1)] //nolint:gosec // a length is not negative
}

// hash returns where the search for a text begins.
func (t *texts) hash(at callText) uint64 {
	h := maphash.String(t.seed, at.method)
	if at.target != "" {
		h = h*31 + maphash.String(t.seed, at.target)
	}
	return h + uint64(at.side)
}
