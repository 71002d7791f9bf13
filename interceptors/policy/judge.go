package policy

import (
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Judge says what the ends of a chain's calls mean, as their rule states it. What it has
// nothing to say of is judged as without it, see [Classify]. It must be safe for concurrent
// use and must not block. Package condition has one.
type Judge interface {
	// Wants is called when a chain is built, and says what the outcomes that are judged
	// must have: any of WantsReply, WantsMetadata and WantsEvidence.
	Wants() Wants
	// Judge returns what the end of a call means, and true, or false if the judge has
	// nothing to say of it. Neither call nor outcome must be kept. It is not asked about
	// refusals by policies of this process, nor where a call option classifies the call.
	Judge(call *Call, o *Outcome) (j Judgement, ok bool)
}

// Judgement is what a [Judge] says.
type Judgement struct {
	// Verdict is what the end of the call means.
	Verdict Verdict
	// By names what decided, such as the name of a condition.
	By string
}

// Err returns the error of an answer that is a failure, nil if j is no failure. It is for
// steps of chains, which must fail for the next one to be tried; see [Tell].
func (j Judgement) Err() error {
	if j.Verdict != Failure {
		return nil
	}
	return status.Error(codes.Unknown, fmt.Sprintf("policy: the answer is a failure by %q of its rule", j.By))
}

// WithJudge lets j judge the ends of a chain's calls before all others but the classifier of
// a call option. Default: none, and so with a nil j.
func WithJudge(j Judge) ChainOption { return judgeOption{j} }

type judgeOption struct{ judge Judge }

func (o judgeOption) applyChain(c *Chain) {
	c.judge, c.judgeWants = o.judge, 0
	if o.judge != nil {
		c.judgeWants = o.judge.Wants()
	}
}

// Reply is what a call was answered with, as far as somebody wanted to know.
type Reply struct {
	// Message is the response of a call that has one response and ended well, with
	// WantsReply. Of others it means nothing.
	Message any
	// Header and Trailer are the metadata of the response, with WantsMetadata. They must
	// not be modified. On a server they are what the handler has set.
	Header, Trailer metadata.MD
}

// Told is where [Tell] has a guard say how a call was judged. The zero Told has heard of
// nothing. It is safe for concurrent use, and must not be copied.
type Told struct {
	grpc.EmptyCallOption

	last atomic.Pointer[Judgement]
}

// Judgement returns what the call's rule said of its end, and false if it said nothing. Of
// several attempts by an interceptor in between it is the last that ended.
func (t *Told) Judgement() (j Judgement, ok bool) {
	if last := t.last.Load(); last != nil {
		return *last, true
	}
	return Judgement{}, false
}

// judged lets a judge decide, says so in t unless it is nil, and reports whether it did. Of
// a refusal by a policy of this process no rule says anything: nobody was asked.
func (t *Told) judged(by Judge, call *Call, o *Outcome) bool {
	if o.Err != nil && IsRejection(o.Err) {
		return false
	}
	j, ok := by.Judge(call, o)
	if !ok {
		return false
	}
	o.Verdict, o.By, o.Decided = j.Verdict, j.By, true
	if j.Verdict == Failure && o.End == 0 {
		o.End = Now()
	}
	if t != nil {
		t.last.Store(&Judgement{j.Verdict, j.By})
	}
	return true
}

// Tell makes the guard of one unary call say in to what the call's rule said of its end, if
// it said anything: also of an answer that is no error. Package fallback asks that way; so
// can a step of a chain or of a plan:
//
//	var told policy.Told
//	quote, err := client.GetQuote(ctx, req, policy.Tell(&told))
//	if j, ok := told.Judgement(); ok && err == nil {
//		err = j.Err()
//	}
//
// A nil to changes nothing.
func Tell(to *Told) grpc.CallOption {
	if to == nil {
		return grpc.EmptyCallOption{}
	}
	return to
}
