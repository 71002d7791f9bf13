package config

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Set is rules from several sources that can be changed while they are in use. It
// is safe for concurrent use. Make one with [New]; the zero Set must not be used.
type Set struct {
	options options
	rules   *rules.Rules

	mu     sync.Mutex // held to change the rules
	layers layers

	// reading is held from a look at the file until its contents are in force, so
	// that older contents are not applied after newer ones.
	reading sync.Mutex
	seen    seen

	state atomic.Pointer[state]
}

// state is what is in force.
type state struct {
	statements       []statement
	since            time.Time
	applied, refused uint64
	lastRefused      *RefusedChange
}

// New combines the rules of all sources. It reports all faults at once.
func New(opts ...Option) (*Set, error) {
	if err := validate.Options("config", opts); err != nil {
		return nil, err
	}
	s := new(Set)
	for _, o := range opts {
		o.apply(&s.options)
	}
	l, file, faults := s.options.layers()
	statements, err := l.compile()
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	s.rules, err = rules.New(rulesOf(statements), s.options.policy...)
	if err != nil {
		return nil, err
	}
	s.layers, s.seen = l, file
	s.state.Store(&state{statements: statements, since: time.Now()})
	s.options.tellApplied(start, len(statements))
	return s, nil
}

// Rules returns the resolver of the set, for interceptors.DialOptions and
// interceptors.ServerOptions. It is always the same; only the set may change it.
func (s *Set) Rules() *rules.Rules { return s.rules }

// Apply replaces the rules of code, which take precedence over all others. If the
// rules have any fault, they are refused as a whole, and the old rules stay in
// force. Policies that both old and new rules want keep their state, see
// rules.Rules.Apply. An observer must not call it.
func (s *Set) Apply(list []rules.Rule) error {
	list = copied(list)
	n, err := s.edit(Code, func(l *layers) error {
		l.code = list
		return nil
	})
	return s.tell(Code, n, err)
}

// tell reports the result of a change to the observer and the log, and returns
// the error.
func (s *Set) tell(source Source, n int, err error) error {
	if err != nil {
		s.options.tellRefused(source.String(), err)
	} else {
		s.options.tellApplied(source.String(), n)
	}
	return err
}

// edit puts edited layers in force, or refuses them. It returns how many rules are in
// force.
func (s *Set) edit(source Source, edit func(*layers) error) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, next := s.layers, *s.state.Load()
	var statements []statement
	if err = edit(&l); err == nil {
		statements, err = l.compile()
	}
	if err == nil {
		err = s.rules.Apply(rulesOf(statements))
	}
	if err != nil {
		next.refused++
		next.lastRefused = &RefusedChange{Source: source, At: time.Now(), Err: err}
	} else {
		next.applied++
		next.statements, next.since = statements, time.Now()
		s.layers = l
	}
	s.state.Store(&next)
	return len(next.statements), err
}
