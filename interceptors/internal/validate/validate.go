// Package validate words the faults of a configuration: the field, its value
// and what is allowed, all faults at once.
package validate

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
)

// Fault is one of a configuration.
type Fault struct { //nolint:errname // the package's word for it
	// Policy is whose configuration it is, Field the name of the field.
	Policy, Field string
	// Value is what the field has, Allowed what it may have.
	Value   any
	Allowed string
}

// Error returns "policy: field = value; must be allowed".
func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %s = %v; must be %s", f.Policy, f.Field, f.Value, f.Allowed)
}

// Each yields the faults that err joins or wraps.
func Each(err error) iter.Seq[*Fault] {
	return func(yield func(*Fault) bool) { each(err, yield) }
}

// each yields the faults of err and reports whether to go on.
func each(err error, yield func(*Fault) bool) bool {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case *Fault:
		return yield(e)
	case interface{ Unwrap() error }:
		return each(e.Unwrap(), yield)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if !each(inner, yield) {
				return false
			}
		}
	}
	return true
}

// Faults collects the faults of one policy's configuration.
type Faults struct {
	policy string
	faults []error
}

// Of returns an empty collection for the named policy.
func Of(policy string) *Faults { return &Faults{policy: policy} }

// Require adds the fault "policy: field = value; must be allowed" unless ok.
func (f *Faults) Require(ok bool, field string, value any, allowed string) {
	if !ok {
		f.faults = append(f.faults, &Fault{f.policy, field, value, allowed})
	}
}

// Err joins the faults, nil if there are none.
func (f *Faults) Err() error {
	if len(f.faults) == 0 {
		return nil
	}
	return errors.Join(f.faults...)
}

// OrOff ends what is allowed of a field that may be off, by the constant of its package.
const OrOff = ", or Off"

// Between requires low ≤ value ≤ high, which no NaN is.
func Between[T cmp.Ordered](f *Faults, field string, value, low, high T) {
	if low <= value && value <= high {
		return // and nothing is worded
	}
	f.Require(false, field, value, fmt.Sprintf("in [%v, %v]", low, high))
}

// Options reports each option of a policy that is nil.
func Options[T any](policy string, opts []T) error {
	f := Of(policy)
	for i, o := range opts {
		if any(o) == nil {
			f.Require(false, fmt.Sprintf("option %d", i), "nil", "an option of the package")
		}
	}
	return f.Err()
}

// Enforced reports a rule that is a shadow rule although the policy cannot only watch.
func Enforced(policy string, shadow bool) error {
	if !shadow {
		return nil
	}
	f := Of(policy)
	f.Require(false, "shadow", shadow, fmt.Sprintf("false for the rule: a %s cannot only watch", policy))
	return f.Err()
}
