package fanout

import (
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
)

// askedElement is one element that is being asked for.
type askedElement[Req, K, T any] struct {
	attempt attempt.Run[Element[Req, K], T]
	taker   elementTaker[Req, K, T]
	// ok and whole, the report on the element as a whole, are written before ended is
	// set, and read after.
	ok        bool
	whole     degrade.Report
	ended     atomic.Bool
	abandoned bool // it was left behind; only the gathering goroutine knows
}

// elementTaker hears of the elements of a list that have ended.
type elementTaker[Req, K, T any] interface {
	took(e *askedElement[Req, K, T])
}

// Took notes how the attempt ended, which calls it.
func (e *askedElement[Req, K, T]) Took(ok bool) {
	e.ok = ok
	e.taker.took(e)
}
