package validate_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

func TestFaultsAreJoined(t *testing.T) {
	t.Parallel()
	f := validate.Of("policy")
	if err := f.Err(); err != nil {
		t.Errorf("no fault: %v", err)
	}
	validate.Between(f, "in", 1, 1, 2)
	validate.Between(f, "below", 0, 1, 2)
	validate.Between(f, "nan", math.NaN(), 0, 1)
	f.Require(true, "fine", 1, "fine")
	f.Require(false, "off", "x", "on")
	want := "policy: below = 0; must be in [1, 2]\npolicy: nan = NaN; must be in [0, 1]\npolicy: off = x; must be on"
	if err := f.Err(); err == nil || err.Error() != want {
		t.Errorf("faults:\n%v\nwant:\n%s", err, want)
	}
}

func TestNilOptionsAreFaults(t *testing.T) {
	t.Parallel()
	type option interface{ apply() }
	if err := validate.Options("policy", []option{}); err != nil {
		t.Errorf("no option: %v", err)
	}
	err := validate.Options("policy", []option{nil})
	if want := "policy: option 0 = nil; must be an option of the package"; err == nil || err.Error() != want {
		t.Errorf("error = %v; want %s", err, want)
	}
}

func TestEachFindsFaultsInATree(t *testing.T) {
	t.Parallel()
	f := validate.Of("policy")
	f.Require(false, "a", 1, "two")
	f.Require(false, "b", 2, "three")
	tree := errors.Join(errors.New("other"), fmt.Errorf("rule: %w", f.Err()), nil)
	var fields []string
	for fault := range validate.Each(tree) {
		fields = append(fields, fault.Field)
	}
	if !slices.Equal(fields, []string{"a", "b"}) {
		t.Errorf("fields %q; want a, b", fields)
	}
	for f := range validate.Each(tree) {
		if f.Field != "a" {
			t.Error("the loop went on")
		}
		break
	}
	for f := range validate.Each(nil) {
		t.Errorf("nil has the fault %v", f)
	}
}
