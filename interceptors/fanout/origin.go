package fanout

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// origin is where the values of a source come from: the source itself, and what is
// tried if it fails.
type origin[In, T any] struct {
	itself attempt.Step[In, T]
	others []attempt.Step[In, T]
	when   func(error) bool // nil: the rule of package fallback
	whole  bool             // values are the responses of calls as they are
	// declared: the source's timeout is from the declaration of its field.
	declared bool
}

// orElse returns the origin with more steps.
func (o origin[In, T]) orElse(steps []fallback.Step[In, T]) origin[In, T] {
	o.others = slices.Clip(o.others)
	for _, s := range steps {
		o.others = append(o.others, attempt.Step[In, T](s))
	}
	return o
}

// obey checks the origin of a source against the declaration of its field, and returns
// it with the declared timeout if the source has none.
func (o origin[In, T]) obey(label string, required bool, d Declaration) (origin[In, T], error) {
	f := validate.Of(label)
	f.Require(d.Need != NeedRequired || required, "need", "optional", "required, as the field is declared")
	f.Require(d.Need != NeedOptional || !required, "need", "required", "optional, as the field is declared")
	f.Require(!d.NeverStale || !slices.ContainsFunc(o.others, attempt.Step[In, T].IsStale),
		"stale", "a step", "left out, as the field is declared")
	if d.Timeout != 0 {
		validate.Between(f, "declared timeout", d.Timeout, time.Millisecond, 24*time.Hour)
		timeout, _ := o.itself.Bounds()
		f.Require(timeout <= d.Timeout, "timeout", timeout, fmt.Sprintf("at most %v, as the field is declared", d.Timeout))
		if timeout == 0 {
			o.itself, o.declared = o.itself.Timeout(d.Timeout), true
		}
	}
	return o, f.Err()
}

// build checks the origin of the source at the path, which may be optional and dispensable,
// and makes a chain of it.
func (o origin[In, T]) build(c *Config, label, path string, answered func(error) bool, optional, dispensable bool) (*attempt.Chain[In, T], error) {
	chain, err := attempt.New(attempt.Config{
		Label: label, Plan: c.Name, Name: path, Observer: c.Observer,
		FallsBack: o.when, Answered: answered, Panicked: c.panicked(path), Overtime: true, Optional: optional, Dispensable: dispensable, Whole: o.whole,
	}, append([]attempt.Step[In, T]{o.itself}, o.others...)...)
	return chain, errors.Join(o.within(c.MaxDuration, label), err)
}

// within requires that no step has or needs more time than a run of the plan. A declared
// timeout is not the plan's own, and may be longer.
func (o origin[In, T]) within(run time.Duration, label string) error {
	f := validate.Of(label)
	require := func(of, field string, value time.Duration, free bool) {
		if value > run && !free {
			f.Require(false, field+of, value, fmt.Sprintf("at most the plan's max_duration, %v", run))
		}
	}
	timeout, _ := o.itself.Bounds()
	require("", "timeout", timeout, o.declared)
	require("", "needs", o.itself.Needed(), false)
	for _, s := range o.others {
		of := fmt.Sprintf(" of step %q", s.Name())
		timeout, _ := s.Bounds()
		require(of, "timeout", timeout, false)
		require(of, "needs", s.Needed(), false)
	}
	return f.Err()
}
