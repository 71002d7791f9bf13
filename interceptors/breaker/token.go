package breaker

import "github.com/afloat-go/afloat/interceptors/policy"

// A token holds what the breaker must know of a call when it ends: its ring or
// probe, in the low half, and two facts about the call.
const (
	idMask = 1<<32 - 1
	// paced: the wait for the response is the dependency's alone, so that its
	// length is judged.
	paced = 1 << 62
	// hurried: the caller gave the call less than MinDeadline.
	hurried = 1 << 63
)

// tokenOf is the token of a call, without an id.
func tokenOf(s *settings, call policy.Call) uint64 {
	var token uint64
	if call.Shape.ServerPaced() {
		token |= paced
	}
	if s.MinDeadline > 0 && !call.Deadline.IsZero() {
		if policy.InstantOf(call.Deadline).Sub(call.Begin.OrNow()) < s.MinDeadline {
			token |= hurried
		}
	}
	return token
}

// wantsOf is what the kind of a call asks for: of a stream with several
// responses, when the first one came.
func wantsOf(call policy.Call) policy.Wants {
	if call.Shape == policy.ServerStream || call.Shape == policy.BidiStream {
		return policy.WantsStart | policy.WantsEnd | policy.WantsResponse
	}
	return 0
}
