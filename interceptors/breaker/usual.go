package breaker

import (
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/latency"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// usual is how long healthy calls take. It learns from calls whose wait is the
// dependency's alone, to the first message of a stream. A call that was cut short says how
// long it took at least; one that failed says nothing.
type usual struct{ sketch latency.Sketch }

const (
	// fewCalls is how many healthy calls must be known for them to say what is usual.
	fewCalls = 3
	// tooShort is a time in which a dependency of which nothing is known need not answer.
	tooShort = 10 * time.Millisecond
	// tooLong is a time for which only a method that is meant to wait keeps a caller who
	// set no deadline: nothing is known of it either.
	tooLong = 10 * time.Second
)

// answered learns from a healthy call, which was answered after a time.
func (u *usual) answered(after time.Duration, at policy.Instant) { u.sketch.Add(after, at) }

// cutShort learns from a call that was ended by its caller, or by its deadline.
func (u *usual) cutShort(token uint64, o *policy.Outcome) {
	if token&paced != 0 && o.Started != 0 && o.Responded == 0 && o.Over != codes.OK && o.Sent != policy.No {
		u.sketch.AtLeast(given(o), o.End)
	}
}

// explains reports whether a call that ran out of time says nothing: most healthy calls
// would have run out of it too. While nothing is known, that is so of very short times,
// and of very long ones that the caller did not set.
func (u *usual) explains(token uint64, o *policy.Outcome) bool {
	if o.Started == 0 || o.Over == codes.OK {
		return false
	}
	had, known := given(o), u.sketch.Usual()
	if known.Calls >= fewCalls {
		return known.Longer(had) >= 0.5
	}
	return had < tooShort || token&unbounded != 0 && had >= tooLong
}

// given returns how long the dependency had for a call that was cut short. That this process
// saw the end of that time late is no time of the dependency's.
func given(o *policy.Outcome) time.Duration { return o.End.Sub(o.Started) - o.Overslept }
