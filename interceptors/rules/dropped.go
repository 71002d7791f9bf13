package rules

import (
	"reflect"
	"runtime"
	"sync"
	"unsafe"
	"weak"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// dropped finds policies again that were dropped because they were idle, for as long as
// somebody holds them. A call that has its chain and is yet to be admitted does: if the
// next call got another bulkhead, both together would be over its cap. The policies are
// garbage as soon as nobody holds them. Only pointers can be found again. The zero value
// has none. It is safe for concurrent use.
type dropped struct {
	mu       sync.Mutex
	policies map[identity]weakPolicy
	// awaiting says that the next collection of garbage is awaited.
	awaiting bool
}

// weakPolicy is a policy that is not kept alive.
type weakPolicy struct {
	kind    reflect.Type // a pointer
	pointer weak.Pointer[byte]
}

// add notes a policy that is dropped.
func (d *dropped) add(id identity, p policy.Policy) {
	v := reflect.ValueOf(p)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.policies == nil {
		d.policies = map[identity]weakPolicy{}
	}
	d.policies[id] = weakPolicy{v.Type(), weak.Make((*byte)(v.UnsafePointer()))}
	d.await()
}

// await follows the next collection of garbage by a prune. What is awaited must not keep d
// alive: it is part of a generation, and as long as a policy lives there is another
// collection to await. The lock is held.
func (d *dropped) await() {
	if d.awaiting {
		return
	}
	d.awaiting = true
	runtime.AddCleanup(new([16]*byte), pruneIfUsed, weak.Make(d)) // garbage at once
}

// pruneIfUsed prunes what is still of use.
func pruneIfUsed(w weak.Pointer[dropped]) {
	if d := w.Value(); d != nil {
		d.prune()
	}
}

// prune forgets the policies that are gone, whose names would stay. The map is made anew
// because maps do not shrink.
func (d *dropped) prune() {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := map[identity]weakPolicy{}
	for id, w := range d.policies {
		if w.pointer.Value() != nil {
			left[id] = w
		}
	}
	d.policies, d.awaiting = left, false
	if len(left) > 0 {
		d.await()
	}
}

// find returns the policy with that identity, nil if there is none or it is gone.
func (d *dropped) find(id identity) policy.Policy {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.policies) == 0 {
		return nil // a map hashes what it is asked for all the same
	}
	return d.policies[id].policy()
}

// held returns the policies that somebody holds.
func (d *dropped) held() map[identity]policy.Policy {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[identity]policy.Policy{}
	for id, w := range d.policies {
		if p := w.policy(); p != nil {
			all[id] = p
		}
	}
	return all
}

// policy returns the policy, nil if it is gone.
func (w weakPolicy) policy() policy.Policy {
	at := w.pointer.Value()
	if at == nil {
		return nil
	}
	p, _ := reflect.TypeAssert[policy.Policy](reflect.NewAt(w.kind.Elem(), unsafe.Pointer(at))) // it was one
	return p
}
