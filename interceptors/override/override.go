package override

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Override is what policies do for a while in place of what the rules say.
type Override struct {
	// ID names the override in its process. It is given to it when it begins.
	ID string
	// Directive is what the policies do. It must have an action.
	policy.Directive
	Command

	// For is how long it is in force. Range [1s, 24h]. Required: what has no end is
	// forgotten.
	For time.Duration
	// Since is when it began. It is set then.
	Since time.Time
}

// Command is for which policies something is done, why and by whom.
type Command struct {
	// Scope says for which policies.
	Scope Scope
	// Reason says why, in one line of at most 512 bytes. Required.
	Reason string
	// Author is who wants it, in one line of at most 256 bytes. Required.
	Author string
	// Policies is how many policies it was done to. It is set then. An override is also for
	// those that are made later.
	Policies int
}

// The bounds of an override.
const (
	// MinFor and MaxFor bound how long one is in force.
	MinFor = time.Second
	MaxFor = 24 * time.Hour
	// MaxInForce is how many may be in force at a time.
	MaxInForce = 256

	maxReason = 512
	maxAuthor = 256
	maxPlaces = 1_000_000
)

// Until returns when the override ends.
func (o Override) Until() time.Time { return o.Since.Add(o.For) }

// Left returns how long the override will be in force, never less than zero.
func (o Override) Left() time.Duration { return max(0, time.Until(o.Until())) }

// Check reports all that is wrong with an override that is to begin.
func (o Override) Check() error {
	f := validate.Of("override")
	o.check(f)
	f.Require(policy.NoAction < o.Action && o.Action <= policy.SetPlaces, "action", o.Action, "force_open, force_closed, disable or set_places")
	if o.Action == policy.SetPlaces {
		validate.Between(f, "places", o.Places, 1, maxPlaces)
	} else {
		f.Require(o.Places == 0, "places", o.Places, "left out but with set_places")
	}
	f.Require(MinFor <= o.For && o.For <= MaxFor, "for", o.For, "in [1s, 24h]")
	return f.Err()
}

// Check reports all that is wrong with a command.
func (c Command) Check() error {
	f := validate.Of("override")
	c.check(f)
	return f.Err()
}

// check notes what is wrong.
func (c Command) check(f *validate.Faults) {
	c.Scope.check(f)
	checkText(f, "reason", c.Reason, maxReason, false)
	checkText(f, "author", c.Author, maxAuthor, false)
}
