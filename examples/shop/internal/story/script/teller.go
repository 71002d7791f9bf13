package script

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A machine that has something better to do holds up the client and the services
// alike, and then a phase says nothing of what it is to show. One in which that
// happened, for as long as a disturbance, and which did not show what it must is
// told again, for at most maxRepeats times in all.
const (
	disturbance = 50 * time.Millisecond
	maxRepeats  = 6
)

// Teller plays phases one by one and writes down what they came to.
type Teller struct {
	out     io.Writer
	repeats int // that are left
}

// NewTeller returns one that writes to out.
func NewTeller(out io.Writer) *Teller { return &Teller{out: out, repeats: maxRepeats} }

// Tell tells acts, one after the other. The error wraps [ErrUnmet] if some phase did not
// show what it must, and names each thing that is not met. Any other error ends the
// story.
func (t *Teller) Tell(ctx context.Context, acts ...Act) error {
	var unmet []error
	for _, a := range acts {
		faults, err := t.act(ctx, a)
		if err != nil {
			return err
		}
		unmet = append(unmet, faults...)
	}
	return errors.Join(unmet...)
}

// act tells one act and returns what was not met.
func (t *Teller) act(ctx context.Context, a Act) (unmet []error, err error) {
	if err := t.write(a.Head); err != nil {
		return nil, err
	}
	for _, p := range a.Phases {
		faults, err := t.phase(ctx, p, a.Rest)
		if err != nil {
			return nil, fmt.Errorf("phase %q: %w", p.Name, err)
		}
		for _, fault := range faults {
			unmet = append(unmet, fmt.Errorf("%w: %s: %w", ErrUnmet, p.Name, fault))
		}
	}
	return unmet, nil
}

// phase tells one phase, again if it was disturbed, and returns what was not met.
func (t *Teller) phase(ctx context.Context, p Phase, rest func(context.Context) error) (unmet []error, err error) {
	for {
		r, err := p.Play(ctx)
		if err != nil {
			return nil, err
		}
		disturbed := len(r.Unmet) > 0 && r.Late >= disturbance
		again := disturbed && t.repeats > 0
		if disturbed && !again {
			r.Unmet = append(r.Unmet, fmt.Errorf("the machine was busy and held everybody up for %s; it may be to blame", Millis(r.Late)))
		}
		if again {
			r.Row += fmt.Sprintf("    again     this machine was busy and held everybody up for %s\n", Millis(r.Late))
		}
		if err := t.write(r.Row); err != nil || !again {
			return r.Unmet, err
		}
		t.repeats--
		if err := rest(ctx); err != nil {
			return nil, err
		}
	}
}

func (t *Teller) write(text string) error {
	if _, err := io.WriteString(t.out, text); err != nil {
		return fmt.Errorf("story: report: %w", err)
	}
	return nil
}
