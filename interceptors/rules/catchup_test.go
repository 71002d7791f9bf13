package rules

import (
	"context"
	"fmt"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// idleless is a policy with nothing in it but itself.
type idleless struct{ _ int }

func (*idleless) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}

// What calls wait for while rules change is a look at what came in the meantime, and not at
// all keys.
func TestOnlyWhatCameIsLookedAtUnderTheLock(t *testing.T) {
	t.Parallel()
	list := []Rule{{Match: "*", Policies: []Template{{New: func(Key) (policy.Policy, error) { return new(idleless), nil }}}}}
	r, err := New(list, WithMaxKeys(1000))
	if err != nil {
		t.Fatal(err)
	}
	resolve := func(from, to int) {
		for i := from; i < to; i++ {
			r.Resolve(&policy.Call{Method: fmt.Sprintf("/a.S/M%d", i)})
		}
	}
	resolve(0, 900)
	b := &builder{rules: r, next: newGeneration(r.current.Load().matcher), old: pastOf(r)}
	b.takeOver()
	resolve(900, 903)
	now := r.current.Load()
	if n := len(now.since.entries); n != 3 || now.since.swept {
		t.Errorf("%d keys came in the meantime, swept %v; want 3, false", n, now.since.swept)
	}
	if !b.catchUp(now) || b.next.table.size != 903 {
		t.Errorf("%d keys; want 903", b.next.table.size)
	}
	// Where keys may have gone, all are looked at.
	resolve(903, 1100)
	if !now.since.swept || len(now.since.entries) != 0 {
		t.Errorf("swept %v, with %d keys that came; want true, 0", now.since.swept, len(now.since.entries))
	}
	if !b.catchUp(now) || b.next.table.size != now.table.size {
		t.Errorf("%d keys; want %d", b.next.table.size, now.table.size)
	}
}
