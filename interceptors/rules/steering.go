package rules

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Steering changes what the policies of [Rules] do, by hand and while they work, see package
// override. What it does is logged, told to an observer that is an [override.Observer], and
// among the [Events]. It is safe for concurrent use. [Rules.Steering] returns it.
//
// Policies of shadow rules, and those that rules have removed, are left alone.
type Steering struct {
	rules  *Rules
	logger *slog.Logger // nil: slog.Default()

	// changing is held to change what is in force, until all policies do it.
	changing sync.Mutex
	ids      uint64
	timers   map[string]*time.Timer
	// inForce are the overrides, the latest first. The lock of the rules is held as well to
	// change them: a policy that is made under it, or after it, has them.
	inForce atomic.Pointer[[]override.Override]
}

// Errors of a [Steering].
var (
	// ErrNoOverride: no override of that ID is in force.
	ErrNoOverride = errors.New("override: none of that id is in force")
	// ErrTooMany: there are [override.MaxInForce] overrides already.
	ErrTooMany = fmt.Errorf("override: %d are in force; must be at most that many", override.MaxInForce)
)

// Override puts an override in force, in place of one for the same scope. When it returns,
// every policy that is meant does as it says. It returns the override with what was set in
// it, or all that is wrong with it.
func (s *Steering) Override(o override.Override) (override.Override, error) {
	if err := o.Check(); err != nil {
		return o, err
	}
	var changes []override.Change
	defer func() { s.tell(changes...) }()
	s.changing.Lock()
	defer s.changing.Unlock()
	all := s.all()
	same := slices.IndexFunc(all, func(other override.Override) bool { return other.Scope == o.Scope })
	if same < 0 && len(all) >= override.MaxInForce {
		return o, ErrTooMany
	}
	s.ids++
	o.ID, o.Since = strconv.FormatUint(s.ids, 10), time.Now()
	if same >= 0 {
		changes = append(changes, override.Change{At: o.Since, What: override.Replaced, Override: all[same], By: o.Author})
		s.stopTimer(all[same].ID)
		all = slices.Delete(all, same, same+1)
	}
	s.publish(slices.Insert(slices.Clone(all), 0, o))
	o.Policies = s.impose()[o.ID]
	s.publish(slices.Insert(all, 0, o))
	if s.timers == nil {
		s.timers = map[string]*time.Timer{}
	}
	s.timers[o.ID] = time.AfterFunc(o.For, func() { _, _ = s.end(o.ID, override.Expired, "") })
	changes = append(changes, override.Change{At: o.Since, What: override.Began, Override: o, By: o.Author})
	return o, nil
}

// End ends an override before its time, for whoever by is. It returns the override, or
// [ErrNoOverride].
func (s *Steering) End(id, by string) (override.Override, error) {
	return s.end(id, override.Ended, by)
}

// end ends an override.
func (s *Steering) end(id string, how override.What, by string) (o override.Override, err error) {
	defer func() {
		if err == nil {
			s.tell(override.Change{At: time.Now(), What: how, Override: o, By: by})
		}
	}()
	s.changing.Lock()
	defer s.changing.Unlock()
	all := s.all()
	i := slices.IndexFunc(all, func(o override.Override) bool { return o.ID == id })
	if i < 0 {
		return o, ErrNoOverride
	}
	o = all[i]
	s.stopTimer(id)
	s.publish(slices.Delete(all, i, i+1))
	s.impose()
	return o, nil
}

// InForce returns the overrides in force, the latest first.
func (s *Steering) InForce() []override.Override {
	return slices.DeleteFunc(s.all(), func(o override.Override) bool { return o.Left() == 0 })
}

// Of returns the override that is in force for a policy, if there is one.
func (s *Steering) Of(l Live) (o override.Override, ok bool) {
	p, ok := l.Policy.(policy.Overridable)
	if all := s.inForce.Load(); ok && all != nil {
		does := p.Overridden()
		for _, o := range *all {
			if o.Directive == does && o.Scope.Matches(subjectOf(l)) && !l.Shadow {
				return o, true
			}
		}
	}
	return override.Override{}, false
}

// Trip opens the circuits that are meant, as evidence would: they recover by themselves. It
// returns how many it opened, or all that is wrong with the command.
func (s *Steering) Trip(c override.Command) (int, error) {
	return s.do(c, override.Tripped, func(p policy.Policy) bool {
		t, ok := p.(policy.Tripper)
		return ok && t.Trip()
	})
}

// Reset makes the policies that are meant forget what they have seen and learned. It returns
// how many it reset, or all that is wrong with the command. Overrides stay in force.
func (s *Steering) Reset(c override.Command) (int, error) {
	return s.do(c, override.Reset, func(p policy.Policy) bool {
		r, ok := p.(policy.Resetter)
		if ok {
			r.Reset()
		}
		return ok
	})
}

// Matching returns the policies that are meant by a scope.
func (s *Steering) Matching(scope override.Scope) []Live {
	var all []Live
	for l := range s.rules.Live() {
		if !l.Shadow && scope.Matches(subjectOf(l)) {
			all = append(all, l)
		}
	}
	return all
}

// do does something to the policies that are meant.
func (s *Steering) do(c override.Command, what override.What, to func(policy.Policy) bool) (int, error) {
	if err := c.Check(); err != nil {
		return 0, err
	}
	c.Policies = 0
	for _, l := range s.Matching(c.Scope) {
		if to(l.Policy) {
			c.Policies++
		}
	}
	s.tell(override.Change{At: time.Now(), What: what, Override: override.Override{Command: c}, By: c.Author})
	return c.Policies, nil
}

// all returns a copy of the overrides, also of those whose time has just run out.
func (s *Steering) all() []override.Override {
	if all := s.inForce.Load(); all != nil {
		return slices.Clone(*all)
	}
	return nil
}

// publish puts overrides in force for all policies that are made from now on.
func (s *Steering) publish(all []override.Override) {
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	s.inForce.Store(&all)
}

// stopTimer stops the timer of an override.
func (s *Steering) stopTimer(id string) {
	if t := s.timers[id]; t != nil {
		t.Stop()
	}
	delete(s.timers, id)
}

// impose makes all policies do what is in force. It returns how many do what each override
// says.
func (s *Steering) impose() map[string]int {
	n := map[string]int{}
	for l := range s.rules.Live() {
		if id := s.steer(l); id != "" {
			n[id]++
		}
	}
	return n
}

// isUsed reports whether there has been an override.
func (s *Steering) isUsed() bool { return s.inForce.Load() != nil }

// steer makes a policy do what is in force for it, and returns the ID of that override, empty
// if there is none.
func (s *Steering) steer(l Live) (id string) {
	all := s.inForce.Load()
	p, ok := l.Policy.(policy.Overridable)
	if all == nil || !ok || l.Shadow {
		return ""
	}
	defer contain.Panic()
	for _, o := range *all {
		if o.Scope.Matches(subjectOf(l)) && p.Override(o.Directive) {
			return o.ID
		}
	}
	p.Override(policy.Directive{})
	return ""
}

// subjectOf returns a policy as scopes see it.
func subjectOf(l Live) override.Subject {
	return override.Subject{Kind: l.Kind, Side: l.Side, Target: l.Target, Name: l.Name, Rule: l.Match}
}

// tell logs changes, and tells the observer and the events.
func (s *Steering) tell(changes ...override.Change) {
	for _, c := range changes {
		s.log(c)
		s.rules.events.add(Event{At: c.At, Steered: &c})
		if o, ok := s.rules.heard.(override.Observer); ok {
			func() {
				defer contain.Panic()
				o.Steered(c)
			}()
		}
	}
}

// log logs a change.
func (s *Steering) log(c override.Change) {
	l, o := s.logger, c.Override
	if l == nil {
		l = slog.Default()
	}
	attrs := []slog.Attr{
		slog.String("what", c.What.String()), slog.String("scope", o.Scope.String()), slog.String("reason", o.Reason),
		slog.String("author", o.Author), slog.Int("policies", o.Policies),
	}
	if o.ID != "" {
		attrs = append(attrs, slog.String("id", o.ID), slog.String("action", o.Action.String()), slog.Time("until", o.Until()))
	}
	if c.By != "" && c.By != o.Author {
		attrs = append(attrs, slog.String("by", c.By))
	}
	l.LogAttrs(context.Background(), slog.LevelWarn, "policies steered by hand", attrs...)
}
