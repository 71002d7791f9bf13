package breaker

import (
	"math"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// settings are a valid Config with its zeros filled in, and what else may change. They
// say what the end of a call means. They are immutable, and breakers share them.
type settings struct {
	Config

	failureRatio, slowRatio share
	classifier              policy.Classifier // nil: policy.Classify
	// notes are for the calls that meet settings which an operator overrides.
	notes policy.Notes
}

// newSettings returns the settings of a config, or all its faults.
func newSettings(cfg Config, classifier policy.Classifier) (*settings, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	slow := cfg.SlowRatio
	if slow == 0 {
		slow = DefaultSlowRatio
	}
	return &settings{Config: cfg, failureRatio: shareOf(cfg.FailureRatio), slowRatio: shareOf(slow), classifier: classifier}, nil
}

// A token holds what the breaker must know of a call when it ends: its ring or
// probe, in the low half, and facts about the call.
const (
	idMask = 1<<32 - 1
	// streams: the call is a stream; several: with several responses.
	streams = 1 << 59
	several = 1 << 60
	// unbounded: the caller set no deadline.
	unbounded = 1 << 61
	// paced: the wait for the response is the dependency's alone, so that its
	// length is judged.
	paced = 1 << 62
	// hurried: the caller gave the call less than MinDeadline.
	hurried = 1 << 63
)

// token returns the token of a call, without an id.
func (s *settings) token(call *policy.Call) uint64 {
	var token uint64
	if call.Shape.ServerPaced() {
		token |= paced
	}
	if call.Shape.Streams() {
		token |= streams
	}
	if call.Shape.HasSeveralResponses() {
		token |= several
	}
	if call.Deadline.IsZero() {
		token |= unbounded
	}
	if s.MinDeadline > 0 && !call.Deadline.IsZero() && policy.InstantOf(call.Deadline).Sub(call.Now()) < s.MinDeadline {
		token |= hurried
	}
	return token
}

// wantsOf returns what the shape of a call asks for: of a stream with several responses,
// when the first one came.
func wantsOf(call *policy.Call) policy.Wants {
	if call.Shape.HasSeveralResponses() {
		return policy.WantsStart | policy.WantsEnd | policy.WantsResponse
	}
	return policy.WantsStart | policy.WantsEnd
}

// ending is what the end of a call means here.
type ending uint8

const (
	ignored ending = iota
	ok
	slow
	failed
	shed
)

// verdict reads the end of a call. It may run a user's classifier, so the lock
// must not be held.
func (s *settings) verdict(o *policy.Outcome) policy.Verdict {
	if s.classifier != nil && !o.Decided {
		return s.classifier.Verdict(o.Err)
	}
	return o.Verdict
}

// ending reads the end of a call that has the verdict v.
func (s *settings) ending(v policy.Verdict, token uint64, o *policy.Outcome, u *usual) ending {
	switch v {
	case policy.Success:
		if s.isSlow(token, o) {
			return slow
		}
		return ok
	case policy.Failure:
		if s.excuses(token, o, u) {
			u.cutShort(token, o)
			return ignored
		}
		return failed
	case policy.Shed:
		if s.excuses(token, o, u) || s.outlived(token, o) {
			return ignored
		}
		return shed
	case policy.Ignored:
		u.cutShort(token, o)
		return ignored
	case policy.NotStarted:
		return ignored
	default:
		return ignored
	}
}

// isSlow reports whether the response took SlowAfter or longer: that of a
// stream is its first message.
func (s *settings) isSlow(token uint64, o *policy.Outcome) bool {
	if s.SlowAfter <= 0 || token&paced == 0 || o.Started == 0 {
		return false
	}
	return answeredAfter(o) >= s.SlowAfter
}

// excuses reports whether a call that failed says nothing about the dependency: its time
// was too short, or it is a stream that ended as everybody had planned.
func (s *settings) excuses(token uint64, o *policy.Outcome, u *usual) bool {
	if o.Decided {
		return false
	}
	switch code := policy.Code(o.Err); {
	case code == codes.DeadlineExceeded:
		delivered := token&several != 0 && (o.Responded != 0 || o.Header) && o.Over == codes.DeadlineExceeded
		return token&hurried != 0 || delivered || u.explains(token, o)
	case code == codes.Unavailable, o.Reset:
		return s.outlived(token, o)
	default:
		return false
	}
}

// outlived reports whether a stream ended as streams do when a server is redeployed or a
// connection has reached its age: by announcement, or after more than StreamGrace in which
// the dependency has shown a sign of life.
func (s *settings) outlived(token uint64, o *policy.Outcome) bool {
	lives := o.Responded != 0 || o.Answered == policy.Yes
	return token&streams != 0 && (o.Planned || lives && o.End.Sub(o.Started) > s.StreamGrace)
}

// strict reports whether slow answers are bad ones, because SlowAfter or SlowRatio is set
// by hand.
func (s *settings) strict() bool { return s.SlowAfter > 0 || s.SlowAfter == 0 && s.SlowRatio > 0 }

// tooSlow judges failed, slow and overdue calls together.
func (s *settings) tooSlow(c window.Counts, overdue int) bool {
	return s.SlowAfter != Off && c.Calls+overdue >= s.MinCalls &&
		s.slowRatio.met(c.Bad()+overdue, c.Calls+overdue)
}

// stretch is a run of failures, and what the window says of the calls around it.
type stretch struct {
	// failures are all in the run, fresh those of them that came one after the other.
	failures, fresh int
	// all is the whole window.
	all window.Counts
	// window is asked for its latest part where that is needed.
	window window.Window
	now    policy.Instant
}

// usual returns the share of calls that failed before the run: that of the window, or of
// its latest part if that is more, so that a fault of now is not judged by the calm of
// before.
func (r *stretch) usual() float64 {
	share := usualBad(r.all, r.failures)
	if latest := r.window.Latest(r.now, r.failures+latestCalls); latest.Calls >= r.failures+latestCalls {
		share = max(share, usualBad(latest, r.failures))
	}
	return share
}

// blindRun is how many failures in a row open a circuit whose window holds nothing but them,
// because calls are rarer than it remembers: as often as a coin falls on one side by the
// same chance.
const blindRun = 24

// latestCalls is how many calls beside the run the latest part of a window must hold to be
// a judge.
const latestCalls = 12

// tripped judges failures, and returns the cause to open, "" if there is none.
func (s *settings) tripped(r *stretch) string {
	switch {
	case s.runTripped(r):
		return causeRun
	case s.ratioTripped(r.all):
		return causeFailures
	default:
		return ""
	}
}

// runTripped judges a run of failures: by the number set by hand, or by chance.
func (s *settings) runTripped(r *stretch) bool {
	switch s.ConsecutiveFailures {
	case Off:
		return false
	case 0:
		n := min(r.fresh, r.all.Failures)
		return n >= toOpen.leastRun && toOpen.run(n, r.usual()) || r.fresh >= blindRun && r.all.Calls <= r.failures
	default:
		return r.failures >= s.ConsecutiveFailures
	}
}

// ratioTripped judges the share of failures: by the one set by hand, or by chance.
func (s *settings) ratioTripped(c window.Counts) bool {
	if c.Calls < s.MinCalls {
		return false
	}
	if s.FailureRatio == 0 {
		return useless(c)
	}
	return s.failureRatio.met(c.Failures, c.Calls)
}

// triggers reports whether a circuit that opened for a cause could do so still.
func (s *settings) triggers(cause string) bool {
	switch cause {
	case causeRun, causeFailures, causeShed:
		return s.FailureRatio != Off || s.ConsecutiveFailures != Off || s.SlowAfter > 0
	case causeSlow, causeOverdue:
		return s.SlowAfter != Off
	default:
		return true
	}
}

// pushbackOf returns how long the server asked to be left alone: by a RetryInfo in
// its status or by the trailer grpc-retry-pushback-ms, whichever is longer.
func pushbackOf(o *policy.Outcome) time.Duration {
	wait := o.Pushback
	s, ok := policy.StatusOf(o.Err)
	if !ok {
		return wait
	}
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok && info.GetRetryDelay().IsValid() {
			wait = max(wait, info.GetRetryDelay().AsDuration())
		}
	}
	return wait
}

// share is a ratio in billionths, so that judging it is exact: at a ratio of
// 0.07, 7 of 100 are enough, which floating point denies.
type share uint64

const whole = 1_000_000_000

// shareOf converts a ratio in (0, 1]. Off has no share that is ever met, and neither has
// zero, where there is none set by hand.
func shareOf(ratio float64) share {
	if ratio == Off || ratio == 0 {
		return math.MaxUint64
	}
	return share(max(1, math.Round(ratio*whole)))
}

// met reports whether part of calls is at least the share. Fewer than one is
// never enough, and neither is a share that is off.
func (s share) met(part, calls int) bool {
	if part < 1 || s > whole {
		return false
	}
	return uint64(part)*whole >= uint64(s)*uint64(calls) //nolint:gosec // counts are not negative
}
