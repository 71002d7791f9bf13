package script

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrUnmet is what [Runner.Run] returns, with the list, if a phase did not show
// what it must.
var ErrUnmet = errors.New("not met")

// Act is a story that is written in one table.
type Act struct {
	// Head says what is about to happen, and names the columns.
	Head string
	// Phases are its parts, in order.
	Phases []Phase
	// Rest lets all come to rest before a phase is played again.
	Rest func(ctx context.Context) error
}

// Phase is one part of a story.
type Phase struct {
	// Name is what the phase is called.
	Name string
	// Play plays it from its beginning to its end. A phase may be played again.
	Play func(ctx context.Context) (Result, error)
}

// Result is what a phase came to.
type Result struct {
	// Row is the phase in the table, with what there is to say about it beneath.
	Row string
	// Unmet is what is not as it must be.
	Unmet []error
	// Late is by how much the client was late at worst, or whatever else shows that the
	// machine was busy: what holds up the client holds up the services too.
	Late time.Duration
}

// Millis writes d as in "4.2 ms".
func Millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
