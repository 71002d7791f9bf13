package breaker

import (
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// kind is what the end of a call means here.
type kind uint8

const (
	ignored kind = iota
	ok
	slow
	failed
)

// kindOf reads the end of a call that has the verdict v.
func (s *settings) kindOf(v policy.Verdict, token uint64, o policy.Outcome) kind {
	switch v {
	case policy.Success:
		if s.isSlow(token, o) {
			return slow
		}
		return ok
	case policy.Failure:
		if s.excuses(token, o) {
			return ignored
		}
		return failed
	case policy.Ignored, policy.NotStarted:
		return ignored
	default:
		return ignored
	}
}

// isSlow reports whether the response took SlowAfter or longer: that of a
// stream is its first message.
func (s *settings) isSlow(token uint64, o policy.Outcome) bool {
	if s.SlowAfter == 0 || token&paced == 0 || o.Started == 0 {
		return false
	}
	answered := o.Responded
	if answered == 0 {
		answered = o.End
	}
	return answered.Sub(o.Started) >= s.SlowAfter
}

// excuses reports whether a failure says nothing about the dependency.
func (s *settings) excuses(token uint64, o policy.Outcome) bool {
	if o.Decided {
		return false
	}
	switch policy.Code(o.Err) {
	case codes.DeadlineExceeded:
		return token&hurried != 0
	case codes.Unavailable:
		return o.Responded != 0 && o.End.Sub(o.Started) > s.StreamGrace
	default:
		return false
	}
}
