package capacity

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/pressure"
)

// client is one of those that make the calls, on a machine of its own.
type client struct {
	at      int
	control policy.Policy
}

// idle is the scheduler of a machine on which nothing waits.
type idle struct{}

// Waits implements pressure.Scheduler.
func (idle) Waits() (uint64, time.Duration) { return 0, 0 }

// Yield implements pressure.Scheduler.
func (idle) Yield() {}

// newClients returns so many clients.
func newClients(n int) ([]*client, error) {
	var all []*client
	for at := range n {
		control, err := overload.New(overload.Config{}, overload.WithMeter(pressure.NewMeter(idle{})))
		if err != nil {
			return nil, err
		}
		all = append(all, &client{at, control})
	}
	return all, nil
}

// call makes a call under the controller of the client. A nil client has none.
func (c *client) call(ctx context.Context, class criticality.Class, f func() (bool, error)) (bool, error) {
	if c == nil {
		return f()
	}
	return under(ctx, c.control, policy.Client, class, f)
}

// note counts an answer, when the clients have had time to find their limits. A nil client is
// none.
func (c *client) note(w *world, good bool) {
	if c != nil && good && time.Since(w.began) > w.shape.Length/2 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.result.OfClient[c.at]++
	}
}

// under makes a call under a policy. The function reports whether it was answered.
func under(ctx context.Context, p policy.Policy, side policy.Side, class criticality.Class, f func() (bool, error)) (bool, error) {
	call := policy.Call{Method: "/lab.Service/Call", Side: side, Criticality: criticality.Mark{Class: class}}
	call.Deadline, _ = ctx.Deadline()
	permit, err := p.Acquire(ctx, &call)
	if err != nil {
		return false, err
	}
	good, err := f()
	if permit.Settler != nil {
		o := policy.Outcome{Err: err, Verdict: policy.Success, End: policy.Now()}
		switch {
		case err != nil:
			o.Verdict = policy.Shed
		case !good:
			o.Verdict = policy.Failure
		}
		permit.Settler.Settle(permit.Token, &o)
	}
	return good, err
}
