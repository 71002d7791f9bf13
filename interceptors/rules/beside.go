package rules

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// beside are policies that guard calls beside those of the rules, and are shown with them.
// It is safe for concurrent use. The zero beside has none.
type beside struct {
	adding sync.Mutex
	list   atomic.Pointer[[]Live]
}

// add adds a policy.
func (b *beside) add(l Live) {
	b.adding.Lock()
	defer b.adding.Unlock()
	all := append(slices.Clone(b.all()), l)
	b.list.Store(&all)
}

// all returns the policies.
func (b *beside) all() []Live {
	if all := b.list.Load(); all != nil {
		return *all
	}
	return nil
}

// live yields each with its description, until yield returns false, which it reports.
func (b *beside) live(yield func(Live) bool) bool {
	for _, l := range b.all() {
		if !yield(l) {
			return false
		}
	}
	return true
}

// policies yields each, until yield returns false, which it reports.
func (b *beside) policies(yield func(policy.Policy) bool) bool {
	return b.live(func(l Live) bool { return yield(l.Policy) })
}
