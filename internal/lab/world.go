package lab

import (
	"math"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// World is what a guard is set against: one dependency, or one and those who call it.
type World struct {
	// Name is what it is called on a command line, as in "outage-fails-20s".
	Name string
	// About says in one sentence what happens.
	About string
	// Rates are the calls a second, of all clients together, at which it is of interest.
	Rates []int
	// Clients is how many share the calls, each with a guard of its own. Zero: one.
	Clients int
	// Deadline is the time that callers give a call.
	Deadline time.Duration
	// SlowOver is from when on a caller has waited for long.
	SlowOver time.Duration
	// Healthy is a high quantile, the 99th, of what calls take when nothing is wrong.
	Healthy time.Duration
	// Grace is how much of an outage passes before a guard should know of it. Zero: 2 s.
	Grace time.Duration
	// Runs bounds how many runs are worth their time. Zero: any number.
	Runs int
	// Fallback: whoever calls has something else to use in the place of an answer.
	Fallback bool
	// Feedback: how calls end depends on more than when they come, as on how many are
	// sent. What would have happened without a guard then takes a run of its own.
	Feedback bool
	// Begin returns the world of one run. It takes its random phases from the dice.
	Begin func(dice *Dice, rate int) Course
}

// Course is a world in one run. Times are counted from its start.
type Course struct {
	// Length is how long it goes on.
	Length time.Duration
	// Fault is when the dependency is not well. Whether a guard comes back is judged
	// after its end, if Outage is set: nothing was answered in it.
	Fault  Span
	Outage bool
	// Pauses are when the process of the callers stands still, in order.
	Pauses []Span
	// Surge multiplies the rate at a time. Nil: never.
	Surge func(at time.Duration) int
	// Answer says how a call ends that is sent at a time.
	Answer func(at time.Duration, luck Draw) Answer
}

// Span is a time from a beginning to an end, which is no longer in it.
type Span struct{ From, To time.Duration }

// Has reports whether at is in the span.
func (s Span) Has(at time.Duration) bool { return s.From <= at && at < s.To }

// Length returns how long it is.
func (s Span) Length() time.Duration { return s.To - s.From }

// Answer is how a call ends.
type Answer struct {
	// After is how long it takes, [Never] if only the deadline ends it.
	After time.Duration
	// Err is its error. Nil: it is a good answer.
	Err error
}

// Never is later than any deadline.
const Never = time.Duration(math.MaxInt64)

// The errors of worlds.
var (
	errDown     = status.Error(codes.Unavailable, "down")
	errDeadline = status.Error(codes.DeadlineExceeded, "no answer until the deadline")
)

// hang is a call that only its deadline ends.
var hang = Answer{After: Never} //nolint:gochecknoglobals // a constant

// The defaults of worlds.
const (
	defaultDeadline = 250 * time.Millisecond
	defaultSlow     = 100 * time.Millisecond
	// median is that of healthy calls.
	median = 7 * time.Millisecond
)

// rates returns those at which most worlds are looked at.
func rates() []int { return []int{2, 20, 100, 400, 1000} }

// newWorld returns a world of the usual service.
func newWorld(name, about string, begin func(*Dice, int) Course) World {
	return World{
		Name: name, About: about, Begin: begin, Rates: rates(),
		Deadline: defaultDeadline, SlowOver: defaultSlow, Healthy: logNormal.at(median, 0.99),
	}
}

// good returns a good answer.
func good(after time.Duration) Answer { return Answer{After: after} }

// failed returns a call that fails.
func failed(after time.Duration) Answer { return Answer{after, errDown} }
