package measure

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// Effort is how long is measured, and where the page goes.
type Effort struct {
	// Rounds are how many there are for each figure, from 1 to 1000.
	Rounds int
	// Slice is the length of a round, from 1ms to 10s.
	Slice time.Duration
	// Docs is a folder of docs that the page and its chart are written to besides. Empty:
	// none.
	Docs string
}

// Flags defines -rounds, -slice and -docs, whose defaults are what e says.
func (e *Effort) Flags() {
	flag.IntVar(&e.Rounds, "rounds", e.Rounds, "rounds per figure, 1 to 1000")
	flag.DurationVar(&e.Slice, "slice", e.Slice, "length of a round, 1ms to 10s")
	flag.StringVar(&e.Docs, "docs", e.Docs, "a folder of docs to write the page and its chart to, besides")
}

// Validate reports what is out of range.
func (e Effort) Validate() error {
	var faults []error
	if e.Rounds < 1 || e.Rounds > 1000 {
		faults = append(faults, fmt.Errorf("flag -rounds = %d; must be in [1, 1000]", e.Rounds))
	}
	if e.Slice < time.Millisecond || e.Slice > 10*time.Second {
		faults = append(faults, fmt.Errorf("flag -slice = %v; must be in [1ms, 10s]", e.Slice))
	}
	return errors.Join(faults...)
}

// Finish prints a page, and writes it to the docs if they are named.
func (e Effort) Finish(p *Page, out io.Writer, name, title string) error {
	if e.Docs != "" {
		if err := p.Write(e.Docs, name, title); err != nil {
			return err
		}
	}
	return p.Print(out)
}
