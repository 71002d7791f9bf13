package rules_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// What a proxy passes on has names of any length. They get no key of their own.
func TestLongNamesShareTheOverflow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		method, target int
		own            bool
	}{
		{"longest method", rules.MaxMethodBytes, 0, true},
		{"longer method", rules.MaxMethodBytes + 1, 0, false},
		{"method of 64 KB", 64 << 10, 0, false},
		{"longest target", 10, rules.MaxTargetBytes, true},
		{"longer target", 10, rules.MaxTargetBytes + 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			call := policy.Call{Method: "/a.B/" + strings.Repeat("x", tt.method-5), Target: strings.Repeat("t", tt.target)}
			for _, side := range []policy.Side{policy.Client, policy.Local} {
				r := rulesOf(t, one(template("x")))
				call.Side = side
				for range 2 {
					if own := r.Resolve(&call) != r.Resolve(new(unregistered(call))); own != tt.own {
						t.Errorf("%v: a policy of its own: %v; want %v", side, own, tt.own)
					}
				}
				if got := int(r.Overflowed()); tt.own != (got == 0) || count(r) == 0 && tt.own {
					t.Errorf("%v: %d overflowed, %d keys", side, got, count(r))
				}
				// Those that no rule guards stay unguarded.
				if unguarded := rulesOf(t, nil); unguarded.Resolve(&call) != nil || unguarded.Overflowed() != 0 {
					t.Error("a call without a rule is guarded, or counts as overflowed")
				}
			}
		})
	}
}

// The names of all keys together are bounded, whether their policies are idle or not.
func TestNamesTakeBoundedBytes(t *testing.T) { //nolint:paralleltest // it measures the memory of the whole process
	for _, busy := range []bool{false, true} { //nolint:paralleltest // see above
		for _, bytes := range []int{rules.MaxMethodBytes, 64 << 10} {
			t.Run(fmt.Sprint(busy, " ", bytes), func(t *testing.T) {
				x := template("x") // does not know whether it is idle
				if !busy {
					x = new(factory).template("x", policy.LayerBreaker)
				}
				r := rulesOf(t, one(x), rules.WithMaxKeys(1000))
				before := heap()
				for i := range 2000 {
					call := policy.Call{Method: fmt.Sprintf("/a%d.B/%s", i, strings.Repeat("x", bytes-11)), Target: strings.Repeat("t", rules.MaxTargetBytes)}
					r.Resolve(&call)
				}
				total := 0
				for key := range r.All() {
					total += len(key.Name) + len(key.Target)
				}
				if most := 1000 * 512; total > most {
					t.Errorf("names of %d bytes; want at most %d", total, most)
				}
				cleanUp()
				if grown := heap() - before; grown > 4<<20 {
					t.Errorf("the rules hold %d bytes more; want them bounded", grown)
				}
				runtime.KeepAlive(r)
			})
		}
	}
}

// What a name of a policy shows is one line, whatever a caller made up.
func TestNamesAreFitToBeShown(t *testing.T) {
	t.Parallel()
	call := policy.Call{Method: "/a.B/\x1b[2J\n\u202egood\xff", Target: "dns:///\r\n", Side: policy.Client}
	const name, target = `/a.B/\x1b[2J\n\u202egood\xff`, `dns:///\r\n`
	var told []rules.Key
	r := rulesOf(t, one(rules.Template{New: func(k rules.Key) (policy.Policy, error) {
		told = append(told, k)
		return &made{}, nil
	}}))
	if r.Resolve(&call) == nil {
		t.Fatal("the call is unguarded")
	}
	if got := told[len(told)-1]; got.Name != name || got.Target != target {
		t.Errorf("the policy is told %q, %q; want %q, %q", got.Name, got.Target, name, target)
	}
	for l := range r.Live() {
		if l.Name != name || l.Target != target {
			t.Errorf("Live has %q, %q; want %q, %q", l.Name, l.Target, name, target)
		}
	}
	for k := range r.All() {
		if k.Name != name || k.Target != target {
			t.Errorf("All has %q, %q; want %q, %q", k.Name, k.Target, name, target)
		}
	}
}

// cleanUp returns when the garbage is gone, and what was to be done then is done.
func cleanUp() {
	for range 3 {
		done := make(chan struct{})
		runtime.AddCleanup(new([64]*byte), func(done chan struct{}) { close(done) }, done)
		runtime.GC()
		<-done
	}
}
