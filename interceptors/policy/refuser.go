package policy

import (
	"sync/atomic"
	"time"
)

// Refuser makes the rejections of one policy for one reason. It returns the same
// *[Rejection] again as long as method and retry time do not change, so that
// refusing allocates nothing; if several methods share the policy, it allocates
// when the method changes. It is safe for concurrent use. The fields must not
// change after the first call of Refuse.
type Refuser struct {
	// Policy, Name, Reason and Err become those of each rejection.
	Kind string
	Name   string
	Reason Reason
	Err    error

	last atomic.Pointer[Rejection]
}

// Refuse returns the rejection of a call to method that may be retried at retry
// (zero: not known).
func (f *Refuser) Refuse(method string, retry time.Time) *Rejection {
	if r := f.last.Load(); r != nil && r.Method == method && r.Retry.Equal(retry) {
		return r
	}
	r := &Rejection{
		Kind: f.Kind, Name: f.Name, Method: method,
		Reason: f.Reason, Retry: retry, Err: f.Err,
	}
	f.last.Store(r)
	return r
}
