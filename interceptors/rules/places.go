package rules

import (
	"sync/atomic"
	"unsafe"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// places is a hash table with open addressing. It never gets full.
type places struct {
	slots []atomic.Pointer[place] // a power of two
	shift uint                    // takes a hash to an index
}

// place says that a call with the strings at these addresses has this entry.
// It keeps the strings alive, so that no others can come to stand there.
type place struct {
	method, target string
	chain          *policy.Chain
	side           policy.Side
}

// find returns the chain of call, if it is here.
func (p *places) find(call *policy.Call) (*policy.Chain, bool) {
	for i := p.index(call.Method, call.Target); ; i++ {
		found := p.at(i).Load()
		switch {
		case found == nil:
			return nil, false
		case sameString(found.method, call.Method) && sameString(found.target, call.Target) && found.side == call.Side:
			return found.chain, true
		}
	}
}

// room returns how many places may be filled before there must be more.
func (p *places) room() int64 { return int64(len(p.slots) / 2) }

// at returns the i-th slot, counted around.
func (p *places) at(i uintptr) *atomic.Pointer[place] {
	return &p.slots[i&uintptr(len(p.slots)-1)]
}

const uintptrBits = uint(unsafe.Sizeof(uintptr(0)) * 8)

// index hashes where two strings stand. The upper bits of the product are the
// mixed ones: strings stand at even distances.
func (p *places) index(method, target string) uintptr {
	const golden = 0x9E3779B97F4A7C15>>(64-uintptrBits) | 1
	h := address(method) * golden
	if len(target) > 0 {
		h = (h ^ address(target)) * golden
	}
	return h >> p.shift
}

// sameString reports whether a and b are one string in memory.
func sameString(a, b string) bool {
	return len(a) == len(b) && (len(a) == 0 || unsafe.StringData(a) == unsafe.StringData(b))
}

// address returns where s stands.
func address(s string) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(s))) }
