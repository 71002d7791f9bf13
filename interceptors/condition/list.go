package condition

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"google.golang.org/grpc/grpclog"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// List is the conditions of a rule that were checked, in their order. It is immutable but
// for what it counts, and safe for concurrent use. Make one with [New]; a nil *List has no
// conditions.
type List struct {
	calls    Calls
	checked  []checked
	warnings []*Fault
	// codes are those that calls can end with that meet any of them.
	codes codeSet
	wants policy.Wants
}

// checked is a condition that was checked, and what is known of its calls.
type checked struct {
	Condition

	name  string
	codes codeSet
	met   atomic.Uint64
	// unread is why the response of a call could not be read, nil if all could.
	unread atomic.Pointer[string]
}

// New checks conditions for calls and makes a list of them. It reports all faults at once,
// see [FaultsIn]: parts that are malformed, that contradict each other or that no call of
// these can meet, conditions without a part or a verdict, two that say different things of
// the same calls, and paths and values that the known responses do not have.
func New(calls Calls, list []Condition) (*List, error) {
	if len(list) > MaxConditions {
		return nil, errors.Join(&Fault{-1, "", strconv.Itoa(len(list)), fmt.Sprintf("must be at most %d", MaxConditions)})
	}
	l := &List{calls: calls, checked: make([]checked, len(list))}
	var all []error
	for i := range list {
		c := &l.checked[i]
		c.Condition, c.name = list[i], list[i].Name
		if c.name == "" {
			c.name = nameAt(i)
		}
		f := faults{at: i}
		c.check(&f)
		calls.checkSides(&f, &c.Condition)
		l.warnings = append(l.warnings, calls.checkResponse(&f, &c.Condition)...)
		l.compare(i, &f)
		all = append(all, f.all...)
		c.codes = c.Condition.codes()
		l.codes |= c.codes
		l.wants |= c.wants()
	}
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	return l, nil
}

// compare notes what is wrong with the i-th condition beside the earlier ones.
func (l *List) compare(i int, f *faults) {
	c := &l.checked[i]
	var by codeSet // of conditions that ask for nothing else
	for n := range i {
		earlier := &l.checked[n]
		if c.Name != "" && c.Name == earlier.Name {
			f.add("name", quoted(c.Name), fmt.Sprintf("is that of %s; must be another", nameAt(n)))
		}
		switch {
		case !c.isMet() || !earlier.isMet() || !earlier.covers(&c.Condition):
		case c.Verdict != earlier.Verdict && c.covers(&earlier.Condition):
			f.add("verdict", c.Verdict.String(), fmt.Sprintf("is said of the very calls of which %s says %v; must be one of them", nameAt(n), earlier.Verdict))
			return
		default:
			l.warn(i, "is never reached: every call that meets it meets "+nameAt(n))
			return
		}
		if earlier.onlyCodes() {
			by |= earlier.codes
		}
	}
	if own := c.Condition.codes(); own != 0 && own&^by == 0 && c.Sent != policy.No {
		l.warn(i, "is never reached: the conditions before it decide of all its codes")
	}
}

// warn notes what is hardly meant.
func (l *List) warn(i int, problem string) {
	l.warnings = append(l.warnings, &Fault{At: i, Problem: problem})
}

// Judge returns a judge by the list, for the chain of one method: it remembers where the
// fields of the method's response are. It is nil for a list without conditions.
func (l *List) Judge() policy.Judge {
	if l.Len() == 0 {
		return nil
	}
	return &judge{list: l}
}

// Len returns the number of conditions.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return len(l.checked)
}

// Warnings returns what is no fault but hardly meant: conditions that are never reached,
// and values that the responses of some methods cannot have.
func (l *List) Warnings() []*Fault {
	if l == nil {
		return nil
	}
	return l.warnings
}

// Status is a condition at one moment, for display.
type Status struct {
	Condition

	// By is what outcomes name the condition by: its name or its place.
	By string
	// Met is how many calls it has decided.
	Met uint64
	// Unread is why the response of a call could not be read. Empty: all could.
	Unread string
}

// Status returns the conditions as they are now, in their order.
func (l *List) Status() []Status {
	all := make([]Status, l.Len())
	for i := range all {
		c := &l.checked[i]
		all[i] = Status{Condition: c.Condition, By: c.name, Met: c.met.Load()}
		if unread := c.unread.Load(); unread != nil {
			all[i].Unread = *unread
		}
	}
	return all
}

// cannotRead notes that the i-th condition cannot be tried on a call, and says so in the
// log, once.
func (l *List) cannotRead(i int, method, why string) {
	const most = 256
	text := fmt.Sprintf("%s of rule %q cannot be tried on calls of %s: %s",
		l.checked[i].name, l.calls.Match, names.Shown(excerpt.Within(method, most)), why)
	if l.checked[i].unread.CompareAndSwap(nil, &text) {
		logger.Error(text)
	}
}

// logger is for what no caller can be told.
var logger = grpclog.Component("afloat") //nolint:gochecknoglobals // as gRPC's own are
