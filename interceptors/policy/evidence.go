package policy

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// Fact is something that may be known of a call.
type Fact uint8

// What may be known. The zero Fact is Unknown.
const (
	Unknown Fact = iota
	Yes
	No
)

// FactOf returns Yes or No.
func FactOf(is bool) Fact {
	if is {
		return Yes
	}
	return No
}

// Evidence is what is known of a call that failed: whether the dependency was asked,
// whether it spoke, and whose time was up. An adapter fills in what it knows, and the zero
// Evidence knows nothing. Of the attempts of a call that gRPC repeats it tells of the last.
type Evidence struct {
	// Sent says whether the call left this process. A call does not if its context was
	// over before it began, if there was no connection for it, or if something of the
	// caller's own failed before; nor as long as its request does not come, see
	// [Admission.SentLater].
	Sent Fact
	// Answered says whether the dependency, or something between, showed a sign of life
	// for this call: a header, a message, a trailer, or the reset of its stream.
	Answered Fact
	// Header says that a header came, which is sent before the first message and may be
	// sent long before it. A call that ends with a status alone has none.
	Header bool
	// Over says who ended the context of the call: DEADLINE_EXCEEDED if its time was up,
	// whoever noticed first, CANCELLED if somebody gave up, OK if nobody did.
	Over codes.Code
	// Overslept is how long after its deadline the call was seen to be over. A deadline is
	// seen at once by a process that runs: one that was stopped, or is starved, sees it
	// late, and so may have missed an answer that came in time. Zero: it was in time, or
	// there was no deadline.
	Overslept time.Duration
	// Lost says that a connection broke under the call, or that there was none. What else
	// ended at that time for this reason is the same event.
	Lost bool
	// Reset says that the stream was reset, by the dependency or by something between,
	// with no status of the dependency's own.
	Reset bool
	// Planned says that the dependency had announced, as an end without an error, that it
	// would end the connection.
	Planned bool
	// Shedding says that a proxy refused the call because there was too much to do.
	Shedding bool
	// Pushback is how long the server asked to be left alone, from the trailer
	// "grpc-retry-pushback-ms". Zero: it did not ask, or nobody wanted to know.
	Pushback time.Duration
}

// complete adds what the context of a call that ended with err tells, which was over before
// the call started if it came late.
func (e *Evidence) complete(err error, ctx context.Context, late bool, end Instant) { //nolint:revive // the error is what is looked at
	if e.Over == codes.OK {
		e.Over = EndOf(ctx)
	}
	// A server's context is cancelled by a client whose time is up, and a timer may be late.
	if deadline, ok := ctx.Deadline(); ok {
		if overslept := end.Sub(InstantOf(deadline)); overslept >= 0 {
			e.Over, e.Overslept = codes.DeadlineExceeded, overslept
		}
	}
	if late && e.Over != codes.OK && endedByContext(err) {
		e.Sent, e.Lost = No, false
	}
}

// verdict reads an error in the light of what is known: of a call that classifier is
// given for, unless that is nil. It is decided if a policy's classifier must not change it.
func (e *Evidence) verdict(err error, side Side, by Classifier) (v Verdict, decided bool) {
	if err == nil && by == nil {
		return Success, false
	}
	code := Code(err)
	switch {
	case e.Sent == No && !e.Lost && err != nil:
		return NotStarted, true
	case by != nil:
		return by.Verdict(err), true
	case e.ownFault(code):
		return Ignored, true
	case code == codes.Canceled && e.Over == codes.OK && side != Local && !IsRejection(err):
		return Failure, false // the caller still waits
	}
	v = classify(err, code)
	if v == Failure && e.Shedding {
		v = Shed
	}
	return v, false
}

// ownFault reports whether a call that was sent failed for a reason of this process: time
// was left, the connection holds, and yet the dependency has shown no sign of life.
func (e *Evidence) ownFault(code codes.Code) bool {
	return e.Sent == Yes && e.Answered == No && e.Over == codes.OK && !e.Lost && code != codes.DeadlineExceeded
}

// unsendable are the texts with which grpc-go, here or in a peer that passes them on, says that one
// message cannot be sent: nobody but its sender can do anything about it.
var unsendable = [...]string{ //nolint:gochecknoglobals // never written
	"grpc: error while marshaling", "grpc: error while compressing", "grpc: message too large",
	"trying to send message larger than max", "header list size to send violates the maximum size",
}

// tooManyRequests is how gRPC reports an answer of a proxy that sheds (RFC 6585).
const tooManyRequests = "unexpected HTTP status code received from server: 429 "

// isUnsendable reports whether the text of an error says that a message cannot be sent.
func isUnsendable(text string) bool {
	for _, prefix := range unsendable {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}
