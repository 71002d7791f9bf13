package policy

import "time"

// Refuser makes the rejections of one kind of policy for one reason. It is safe for
// concurrent use and must not change once it is in use.
type Refuser struct {
	// Kind, Reason and Err become those of each rejection.
	Kind   string
	Reason Reason
	Err    error
}

// Refuse returns the rejection of a call by the policy of that name, which may be
// retried at retry (zero: not known). Under a [Chain] it returns the same
// *[Rejection] again as long as nothing in it changes, so that refusing allocates
// nothing, also where several methods share the policy.
func (f *Refuser) Refuse(call *Call, name string, retry time.Time) *Rejection {
	if call.refusal != nil {
		if r := call.refusal.Load(); r != nil && r.by == f && r.Name == name && r.Method == call.Method && r.Retry.Equal(retry) {
			return r
		}
	}
	r := &Rejection{Kind: f.Kind, Name: name, Method: call.Method, Reason: f.Reason, Retry: retry, Err: f.Err}
	if call.refusal != nil {
		r.by = f
		call.refusal.Store(r)
	}
	return r
}
