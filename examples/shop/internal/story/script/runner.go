package script

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A busy machine holds up the client and the services alike, and then a phase says
// nothing of what it is to show. One that was held up for as long as a disturbance, and
// did not show what it must, is played again, at most maxRepeats times in all.
const (
	disturbance = 50 * time.Millisecond
	maxRepeats  = 6
)

// Runner plays phases one by one and writes down what they came to.
type Runner struct {
	out     io.Writer
	repeats int // that are left
}

// NewRunner returns a runner that writes to out.
func NewRunner(out io.Writer) *Runner { return &Runner{out: out, repeats: maxRepeats} }

// Run plays acts, one after the other. The error wraps [ErrUnmet] if some phase did not
// show what it must, and names each thing that is not met. Any other error ends the
// story.
func (r *Runner) Run(ctx context.Context, acts ...Act) error {
	var unmet []error
	for _, a := range acts {
		faults, err := r.act(ctx, a)
		if err != nil {
			return err
		}
		unmet = append(unmet, faults...)
	}
	return errors.Join(unmet...)
}

// act plays one act and returns what was not met.
func (r *Runner) act(ctx context.Context, a Act) (unmet []error, err error) {
	if err := r.write(a.Head); err != nil {
		return nil, err
	}
	for _, p := range a.Phases {
		faults, err := r.phase(ctx, p, a.Rest)
		if err != nil {
			return nil, fmt.Errorf("phase %q: %w", p.Name, err)
		}
		for _, fault := range faults {
			unmet = append(unmet, fmt.Errorf("%w: %s: %w", ErrUnmet, p.Name, fault))
		}
	}
	return unmet, nil
}

// phase plays one phase, again if it was disturbed, and returns what was not met.
func (r *Runner) phase(ctx context.Context, p Phase, rest func(context.Context) error) (unmet []error, err error) {
	for {
		got, err := p.Play(ctx)
		if err != nil {
			return nil, err
		}
		disturbed := len(got.Unmet) > 0 && got.Late >= disturbance
		again := disturbed && r.repeats > 0
		if disturbed && !again {
			got.Unmet = append(got.Unmet, fmt.Errorf("the machine was busy and held everybody up for %s; it may be to blame", Millis(got.Late)))
		}
		if again {
			got.Row += fmt.Sprintf("    again     this machine was busy and held everybody up for %s\n", Millis(got.Late))
		}
		if err := r.write(got.Row); err != nil || !again {
			return got.Unmet, err
		}
		r.repeats--
		if err := rest(ctx); err != nil {
			return nil, err
		}
	}
}

// write writes text to the report.
func (r *Runner) write(text string) error {
	if _, err := io.WriteString(r.out, text); err != nil {
		return fmt.Errorf("story: report: %w", err)
	}
	return nil
}
