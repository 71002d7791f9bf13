package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A machine that has something better to do holds up the client and the services
// alike, and then the figures say nothing of the guard. A phase in which that
// happened, for as long as a disturbance, and which did not show what it must is
// told again, for at most maxRepeats times in all.
const (
	disturbance = 50 * time.Millisecond
	maxRepeats  = 4
	// calmDown is how long all is well in between: enough for every circuit to
	// close.
	calmDown = 1500 * time.Millisecond
)

// teller plays phases one by one and writes down what they came to.
type teller struct {
	play    func(context.Context, phase) (Figures, error)
	out     io.Writer
	repeats int // that are left
}

// tell tells the whole story and returns what was not met. The figures of the
// first phase go to healthy.
func (t *teller) tell(ctx context.Context, cfg Config, phases []phase, healthy *Figures) error {
	if err := t.write(header(phases, cfg)); err != nil {
		return err
	}
	var unmet []error
	for n, p := range phases {
		f, faults, err := t.phase(ctx, p)
		if err != nil {
			return fmt.Errorf("phase %q: %w", p.name, err)
		}
		if n == 0 {
			*healthy = f
		}
		unmet = append(unmet, faults...)
	}
	return errors.Join(unmet...)
}

// phase tells one phase, again if it was disturbed, and returns what was not
// met.
func (t *teller) phase(ctx context.Context, p phase) (f Figures, unmet []error, err error) {
	for {
		if f, err = t.play(ctx, p); err != nil {
			return f, nil, err
		}
		unmet = p.check(f)
		disturbed := len(unmet) > 0 && f.Late >= disturbance
		again := disturbed && t.repeats > 0
		if disturbed && !again {
			unmet = append(unmet, fmt.Errorf("%w: %s: the machine was busy and held the client up for %s; it may be to blame",
				ErrUnmet, p.name, millis(f.Late)))
		}
		if err := t.write(row(p.name, f, again)); err != nil || !again {
			return f, unmet, err
		}
		t.repeats--
		if _, err := t.play(ctx, phase{lasts: calmDown}); err != nil {
			return f, nil, err
		}
	}
}

// check returns what is not as it must be in this phase.
func (p phase) check(f Figures) []error {
	var unmet []error
	for _, holds := range p.must {
		if err := holds(f); err != nil {
			unmet = append(unmet, fmt.Errorf("%w: %s: %w", ErrUnmet, p.name, err))
		}
	}
	return unmet
}

func (t *teller) write(text string) error {
	if _, err := io.WriteString(t.out, text); err != nil {
		return fmt.Errorf("story: report: %w", err)
	}
	return nil
}
