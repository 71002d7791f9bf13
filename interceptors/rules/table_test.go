package rules

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
)

func newEntry(method, target string, side policy.Side) *entry {
	return &entry{place: place{method: method, target: target, side: side, chain: new(policy.Chain)}}
}

// The address table only makes finding faster: what it finds is what a map by
// text would.
func TestTableFindsByText(t *testing.T) {
	t.Parallel()
	var tab table
	if tab.lookup(&policy.Call{Method: "/a.B/C"}) != nil {
		t.Error("an empty table has an entry")
	}
	e := newEntry("/a.B/C", "dns:///one", policy.Client)
	tab.insert(e)
	shared := "/a.B/C/D"
	for _, tt := range []struct {
		name string
		call policy.Call
		want *policy.Chain
	}{
		{"the same strings", policy.Call{Method: e.method, Target: e.target}, e.chain},
		{"a copy of the method", policy.Call{Method: strings.Clone(e.method), Target: e.target}, e.chain},
		{"a copy of the target", policy.Call{Method: e.method, Target: strings.Clone(e.target)}, e.chain},
		{"part of another string", policy.Call{Method: shared[:len(e.method)], Target: e.target}, e.chain},
		{"that other string", policy.Call{Method: shared, Target: e.target}, nil},
		{"another side", policy.Call{Method: e.method, Target: e.target, Side: policy.Server}, nil},
		{"another target", policy.Call{Method: e.method, Target: "dns:///two"}, nil},
		{"part of the target", policy.Call{Method: e.method, Target: e.target[:5]}, nil},
		{"no target", policy.Call{Method: e.method}, nil},
		{"part of the method", policy.Call{Method: e.method[:3], Target: e.target}, nil},
		{"no method", policy.Call{Target: e.target}, nil},
		{"another kind", policy.Call{Method: e.method, Target: e.target, Shape: policy.BidiStream}, e.chain},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 3 {
				if got := tab.lookup(&tt.call); got != tt.want {
					t.Errorf("found %p; want %p", got, tt.want)
				}
			}
		})
	}
}

// A string that was found by its text is found by its place the next time.
func TestTableRemembersCopies(t *testing.T) {
	t.Parallel()
	var tab table
	e := newEntry("/a.B/C", "dns:///one", policy.Client)
	tab.insert(e)
	call := policy.Call{Method: strings.Clone(e.method), Target: strings.Clone(e.target)}
	if _, ok := tab.places.Load().find(&call); ok {
		t.Error("the place of a string is known before it was seen")
	}
	tab.lookup(&call)
	if got, ok := tab.places.Load().find(&call); !ok || got != e.chain {
		t.Errorf("found %p; want %p", got, e.chain)
	}
}

// Two goroutines may find at once that a method has no chain yet. The second
// to get the lock must take what the first made.
func TestResolveMakesAKeyOnce(t *testing.T) {
	t.Parallel()
	made := 0
	r, err := New([]Rule{{Match: "*", Policies: []Template{{New: func(Key) (policy.Policy, error) {
		made++
		return idle{}, nil
	}}}}})
	if err != nil {
		t.Fatal(err)
	}
	call := policy.Call{Method: "/a.B/C"}
	first, second := r.resolveNew(&call), r.resolveNew(&call)
	if size := r.current.Load().table.size; first == nil || first != second || made != 2 || size != 1 {
		t.Errorf("chains %p, %p of %d keys; policies made, that of the trial one of them: %d; want 2",
			first, second, size, made)
	}
}

// idle is a policy that does nothing.
type idle struct{}

func (idle) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

// Places that are remembered must stay bounded: half of them are always free,
// else a lookup would not end.
func TestTableStaysHalfEmpty(t *testing.T) {
	t.Parallel()
	var tab table
	for i := range 300 {
		e := newEntry(fmt.Sprint("/a.B/", i), "", policy.Server)
		tab.insert(e)
		for range 3 << firstBits {
			if tab.lookup(&policy.Call{Method: strings.Clone(e.method), Side: policy.Server}) != e.chain {
				t.Fatalf("a copy of %s has no entry", e.method)
			}
		}
		slots := tab.places.Load().slots
		taken := 0
		for j := range slots {
			if slots[j].Load() != nil {
				taken++
			}
		}
		if int64(taken) != tab.placed.Load() {
			t.Fatalf("%d places are taken; the table says %d", taken, tab.placed.Load())
		}
		// An insert may take one more than half.
		if free := len(slots) - taken; free < len(slots)/4 {
			t.Fatalf("%d of %d places are free", free, len(slots))
		}
	}
}

// An entry that is found by its text while another goroutine drops it must not
// be remembered: its place would outlive it, and its method have two chains.
func TestTableForgetsTheDropped(t *testing.T) {
	t.Parallel()
	var tab table
	gone, stays := newEntry("/a.B/Gone", "", policy.Client), newEntry("/a.B/Stays", "", policy.Client)
	tab.insert(gone)
	tab.insert(stays)
	tab.drop(func(e *entry) bool { return e == gone })
	call := policy.Call{Method: strings.Clone(gone.method)}
	tab.remember(&call, gone) // the rest of a lookup that began before the drop
	if got := tab.lookup(&call); got != nil {
		t.Errorf("a dropped entry is found again: %p", got)
	}
	anew := newEntry(gone.method, "", policy.Client)
	tab.insert(anew)
	tab.remember(&call, gone)
	if got := tab.lookup(&call); got != anew.chain {
		t.Errorf("found %p; want the entry made anew, %p", got, anew.chain)
	}
	if got := tab.lookup(&policy.Call{Method: stays.method}); got != stays.chain {
		t.Errorf("found %p; want %p", got, stays.chain)
	}
}

func TestTableConcurrentSafe(t *testing.T) {
	t.Parallel()
	var (
		tab table
		wg  sync.WaitGroup
		mu  sync.Mutex // the lock of the rules
	)
	fixed := newEntry("/a.B/Fixed", "dns:///one", policy.Client)
	tab.insert(fixed)
	for range 3 {
		wg.Go(func() {
			for range 500 {
				if tab.lookup(&policy.Call{Method: strings.Clone(fixed.method), Target: fixed.target}) != fixed.chain {
					t.Error("an entry that stays was not found")
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 300 {
			mu.Lock()
			tab.insert(newEntry(fmt.Sprint("/a.B/", i), "", policy.Client))
			if i%5 == 0 {
				tab.drop(func(e *entry) bool { return e != fixed })
			}
			mu.Unlock()
		}
	})
	wg.Wait()
}

// FuzzTable does the same to a table and to a plain map.
func FuzzTable(f *testing.F) {
	f.Add([]byte{0, 1, 64, 65, 128, 1, 192, 0})
	f.Add([]byte("the quick brown fox jumps over the lazy dog"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		var tab table
		model := map[callText]*policy.Chain{}
		kept := map[callText]policy.Call{} // the very strings of an earlier call
		for _, op := range ops {
			at := callText{fmt.Sprint("/a.B/", op&3), strings.Repeat("x", int(op>>2&3)), policy.Side(op >> 4 & 1)}
			call, ok := kept[at]
			if !ok || op>>5&1 == 1 {
				call = policy.Call{Method: strings.Clone(at.method), Target: strings.Clone(at.target), Side: at.side}
				kept[at] = call
			}
			switch op >> 6 {
			case 0:
				if model[at] == nil {
					e := newEntry(call.Method, call.Target, call.Side)
					tab.insert(e)
					model[at] = e.chain
				}
			case 1:
				gone := func(side policy.Side, method string) bool { return side == at.side && method <= at.method }
				tab.drop(func(e *entry) bool { return gone(e.side, e.method) })
				for k := range model {
					if gone(k.side, k.method) {
						delete(model, k)
					}
				}
			default:
				if got, want := tab.lookup(&call), model[at]; got != want {
					t.Fatalf("%+v: %p; want %p", call, got, want)
				}
			}
			if tab.size != len(model) {
				t.Fatalf("size = %d; want %d", tab.size, len(model))
			}
		}
		for at, want := range model {
			if got := tab.lookup(&policy.Call{Method: at.method, Target: at.target, Side: at.side}); got != want {
				t.Errorf("%+v: %p; want %p", at, got, want)
			}
		}
	})
}
