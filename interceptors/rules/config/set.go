package config

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/misuse"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/follow"
)

// Set is rules from several sources that can be changed while they are in use. It
// is safe for concurrent use. Make one with [New]; the zero Set must not be used.
type Set struct {
	options options
	kinds   kinds
	rules   *rules.Rules

	mu     sync.Mutex // held to change the rules
	layers layers

	// looks counts the looks at the file.
	looks atomic.Uint64
	// seeing is held until the contents that were read are in force. It is not held while
	// the file is read, which may take long.
	seeing sync.Mutex
	seen   seen
	// followed: somebody has asked for changes of the file.
	followed atomic.Bool

	state atomic.Pointer[state]
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
	all, err := table(s.options.custom)
	if err != nil {
		return nil, err
	}
	l, file, faults := s.options.layers(all)
	statements, err := l.compile()
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	s.kinds = all
	s.rules, err = rules.New(rulesOf(statements), append([]rules.Option{rules.WithLogger(s.options.logger)}, s.options.policy...)...)
	if err != nil {
		return nil, err
	}
	s.layers, s.seen = l, file
	first := &state{since: time.Now()}
	first.put(s, statements)
	s.state.Store(first)
	s.expect()
	s.options.tellApplied(start, len(statements))
	s.options.tellWarnings(statements)
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

// Reload reads the file again and applies its rules, as [Set.Apply] does. It is for
// programs that do not call [Set.Watch]. Without a file it does nothing.
func (s *Set) Reload() error {
	if s.options.path == "" {
		return nil
	}
	s.followed.Store(true)
	return s.applyFile(true)
}

// applyFile applies the contents of the file, with evenIfSame also if they have not
// changed since the last look.
func (s *Set) applyFile(evenIfSame bool) error {
	n, same, err := s.readFile(evenIfSame)
	if same && !evenIfSame {
		return nil
	}
	return s.tell(File, n, err)
}

// readFile does what applyFile does, without telling. What was read is not applied if the
// file was looked at again in the meantime and that is in force already: then it is read
// once more.
func (s *Set) readFile(evenIfSame bool) (n int, same bool, err error) {
	for {
		look := s.looks.Add(1)
		data, readErr := read(s.options.path)
		if n, same, inTime, err := s.see(look, data, readErr, evenIfSame); inTime {
			return n, same, err
		}
	}
}

// see applies what a look at the file found, unless that of a later look is in force.
func (s *Set) see(look uint64, data []byte, readErr error, evenIfSame bool) (n int, same, inTime bool, err error) {
	s.seeing.Lock()
	defer s.seeing.Unlock()
	if look < s.seen.look {
		return 0, false, false, nil
	}
	if same = s.seen.sees(look, data, readErr); same && !evenIfSame {
		return 0, same, true, nil
	}
	n, err = s.edit(File, func(l *layers) error {
		if readErr != nil {
			return errRead(s.options.path, readErr)
		}
		l.file = Parse(s.options.path, data)
		return nil
	})
	return n, same, true, err
}

// Watch follows the file until ctx ends, and applies its rules each time it has
// changed: when it is written or replaced by a rename, and when a symbolic link or a
// folder on the way to it is replaced, as in a mounted volume. It first looks at the
// file once. Bad contents are refused as a whole and reported to the log, to the
// observer and in the snapshot; so is a file that cannot be read, which is read again
// every second. While the system cannot watch the file, as without inotify instances or
// descriptors to spare, Watch looks at it every second and asks the system again; the log
// and the snapshot say so.
//
// It returns nil when ctx ends, and an error if there is no file. It blocks, so call it
// once, on a goroutine of its own:
//
//	go func() { errs <- rules.Watch(ctx) }()
func (s *Set) Watch(ctx context.Context) error {
	if s.options.path == "" {
		return errors.New("config: there is no file to watch; name one by WithFile")
	}
	s.followed.Store(true)
	follow.File(ctx, s.options.path, s.refresh, s.watched)
	s.setUnwatched(nil)
	return nil
}

// refresh applies the file if it has changed since the last look. It returns an error if
// there is something that cannot be read.
func (s *Set) refresh() error {
	_ = s.applyFile(false) // it has been told
	s.seeing.Lock()
	defer s.seeing.Unlock()
	if errors.Is(s.seen.err, fs.ErrNotExist) {
		return nil
	}
	return s.seen.err
}

// watched notes and logs that the system does not tell of changes of the file, or that it
// does again.
func (s *Set) watched(err error) {
	s.setUnwatched(err)
	if err != nil {
		s.options.log().Warn("the rules file is not watched, but looked at every second", "file", s.options.path, "error", err)
		return
	}
	s.options.log().Info("the rules file is watched again", "file", s.options.path)
}

// setUnwatched notes why the file is not watched, nil if it is.
func (s *Set) setUnwatched(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := *s.state.Load()
	next.unwatched = err
	s.state.Store(&next)
}

// Snapshot returns what is in force now. Each policy's status is consistent in
// itself, but they may be of slightly different moments.
func (s *Set) Snapshot() Snapshot {
	snap := s.Outline()
	for l := range s.rules.Live() {
		snap.Policies = append(snap.Policies, s.Look(l))
	}
	slices.SortFunc(snap.Policies, byName)
	return snap
}

// Look returns a policy of the set with its configuration and its status.
func (s *Set) Look(l rules.Live) LivePolicy {
	p := s.kinds.look(l)
	p.kinds = s.kinds
	if o, ok := s.rules.Steering().Of(l); ok {
		p.Override = &o
	}
	return p
}

// Outline returns what [Set.Snapshot] does, without the policies.
func (s *Set) Outline() Snapshot {
	now := s.state.Load()
	snap := Snapshot{
		TakenAt: time.Now(), Since: now.since, Applied: now.applied, Refused: now.refused,
		LastRefused: now.lastRefused, Unwatched: now.unwatched, Unfollowed: s.options.path != "" && !s.followed.Load(),
		Overrides: s.rules.Steering().InForce(), Overflowed: s.rules.Overflowed(), kinds: s.kinds,
	}
	for i, own := range now.rules {
		st := now.statements[i]
		snap.Rules = append(snap.Rules, RuleInForce{own.Rule, st.source, st.place(st.path), own.Met(), now.unknown[i], st.warnings})
	}
	slices.SortStableFunc(snap.Rules, byCloseness)
	return snap
}

// expect tells, after a while, of a file that nobody follows, and of a set that has no rules
// of the program's own. It keeps the set from no garbage collection.
func (s *Set) expect() {
	w := weak.Make(s)
	time.AfterFunc(time.Minute, func() {
		if s := w.Value(); s != nil {
			s.tellExpected()
		}
	})
}

// tellExpected does what expect does, now.
func (s *Set) tellExpected() {
	o := &s.options
	switch named := o.path != ""; {
	case named && !s.followed.Load():
		misuse.Note(misuse.Misuse{Kind: misuse.FileUnwatched, Where: names.Shown(o.path), Problem: "its changes do not come into force"})
	case !named && o.parsed == nil && len(o.code)+len(o.extensions) == 0 && s.state.Load().applied == 0:
		rest := "all calls have the built-in rule"
		if o.noBuiltIn {
			rest = "no call is guarded"
		}
		misuse.Note(misuse.Misuse{Kind: misuse.NoRules, Where: "a set of rules", Problem: rest})
	}
}

// tell reports the result of a change to the observer and the log, and returns
// the error.
func (s *Set) tell(source Source, n int, err error) error {
	if err != nil {
		s.options.tellRefused(source.String(), err)
	} else {
		s.options.tellApplied(source.String(), n)
		s.options.tellWarnings(s.state.Load().statements)
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
		next.put(s, statements)
		next.since = time.Now()
		s.layers = l
	}
	s.state.Store(&next)
	return len(next.statements), err
}
