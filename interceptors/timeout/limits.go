package timeout

import (
	"context"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// limits is a configuration with the errors of the calls that outlive it. It is
// immutable, and timeouts share it. The errors of limits that are not set are nil.
type limits struct {
	Config

	owner owner

	overDefault, overMax, overFirstMessage, overIdle, overTotal error
	// notes are for the calls that meet none of the limits because an operator says so.
	notes policy.Notes
}

// newLimits returns the limits of a configuration that was checked.
func newLimits(cfg Config, o owner) *limits {
	return &limits{
		Config:           cfg,
		owner:            o,
		overDefault:      o.expired(ErrDefault, "the call outlived", "default", cfg.Default),
		overMax:          o.expired(ErrMax, "the call outlived", "max", cfg.Max),
		overFirstMessage: o.expired(ErrFirstMessage, "the stream had no message within", "first_message", cfg.FirstMessage),
		overIdle:         o.expired(ErrIdle, "the stream had no message for", "idle", cfg.Idle),
		overTotal:        o.expired(ErrTotal, "the stream outlived", "total", cfg.Total),
	}
}

// under returns the limits as a directive has them.
func (l *limits) under(d policy.Directive) *limits {
	if d.Action == policy.NoAction {
		return l
	}
	return &limits{notes: policy.NoteOverridden}
}

// bounded returns the permit of a unary call, with an earlier deadline if need be.
func (l *limits) bounded(ctx context.Context, call *policy.Call) policy.Permit {
	limit, over := l.Max, l.overMax
	deadline, hasDeadline := ctx.Deadline()
	if !hasDeadline && l.Default > 0 {
		limit, over = l.Default, l.overDefault
	}
	if limit == 0 {
		call.Notes |= l.notes
		return policy.Permit{}
	}
	if hasDeadline && policy.InstantOf(deadline).Sub(call.Now()) <= limit {
		return policy.Permit{}
	}
	shorter, cancel := context.WithTimeoutCause(ctx, limit, over)
	call.Context = shorter
	p := policy.Permit{Settler: release(cancel)}
	if call.Side == policy.Server {
		p.Wants = policy.WantsInterrupt // where a proxy forwards the call as a stream
	}
	return p
}

// release is the settler of a call whose context is to be released.
type release context.CancelFunc

// Settle releases the context.
func (r release) Settle(uint64, *policy.Outcome) { r() }

// owner is whose limits they are, as the errors say it. The zero owner has no name.
type owner struct{ what, name string }

// ownerOf returns the owner of a policy made for a key.
func ownerOf(key rules.Key) owner {
	if key.Rule != "" {
		return owner{"rule", key.Rule}
	}
	return owner{"compartment", key.Name}
}

// expired returns the error of calls that outlive a limit, nil if there is none.
func (o owner) expired(is error, how, field string, limit time.Duration) error {
	if limit == 0 {
		return nil
	}
	return &expired{is: is, how: how, field: field, limit: limit, owner: o}
}

// shown returns as much of the name as errors repeat.
func (o owner) shown() string {
	const most = 256 // bytes
	return excerpt.Within(o.name, most)
}
