package breaker

import (
	"github.com/afloat-go/afloat/interceptors/internal/window"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Update changes the configuration of a breaker in use and keeps its state.
// Thresholds, open times and probes change in place; an open time that is
// already running keeps its length. A change of the window empties it; a change
// of SlowAfter forgets the calls in flight. A change of Mode works as in
// [Breaker.SetMode]. On an error, which names all faults, nothing changes.
func (b *Breaker) Update(cfg Config) error {
	b.mu.Lock()
	s, err := newSettings(cfg, b.settings.Load().classifier)
	if err == nil {
		b.updateLocked(s)
	}
	b.mu.Unlock()
	b.deliver()
	return err
}

// use replaces the settings with s, unless they are equal.
func (b *Breaker) use(s *settings) {
	b.mu.Lock()
	old := b.settings.Load()
	if old.Config != s.Config || old.classifier != nil || s.classifier != nil {
		b.updateLocked(s)
	}
	b.mu.Unlock()
	b.deliver()
}

// SetMode changes the breaker's mode. Forcing it open or closed discards its
// counts; leaving a forced mode closes it with an empty window. Changing between
// Automatic and Shadow keeps everything. An unknown mode is an error and changes
// nothing.
func (b *Breaker) SetMode(m Mode) error {
	b.mu.Lock()
	old := b.settings.Load()
	cfg := old.Config
	cfg.Mode = m
	s, err := newSettings(cfg, old.classifier)
	if err == nil {
		b.updateLocked(s)
	}
	b.mu.Unlock()
	b.deliver()
	return err
}

// updateLocked puts s in place of the settings.
func (b *Breaker) updateLocked(s *settings) {
	old := b.settings.Swap(s)
	if c, ok := b.current.Load().phase.(*closed); ok {
		c.adapt(old, s)
	}
	if forcedBy(old.Mode) != forcedBy(s.Mode) {
		b.enterModeLocked(s.Mode, policy.Now())
	}
}

// forcedBy is the mode that forces the state, Automatic if none does.
func forcedBy(m Mode) Mode {
	if m == Shadow {
		return Automatic
	}
	return m
}

// enterModeLocked enters the state that a mode begins in.
func (b *Breaker) enterModeLocked(m Mode, at policy.Instant) {
	switch m {
	case AlwaysOpen:
		b.enterLocked(forced{b}, causeMode, figures{}, at, 0)
	case AlwaysClosed:
		b.enterLocked(disabled{}, causeMode, figures{}, at, 0)
	case Automatic, Shadow:
		b.backoff = backoff{}
		b.closeLocked(causeMode, figures{}, at)
	}
}

// adapt gives a closed breaker a new window or ring if the settings ask for
// one. What stays is shared, so that no count is lost.
func (c *closed) adapt(old, s *settings) {
	was := c.judged.Load()
	now := judgedBy(s, new(window.Timed))
	if old.Window == s.Window && old.Buckets == s.Buckets && old.WindowCalls == s.WindowCalls {
		now.window = was.window
	}
	if old.SlowAfter == s.SlowAfter {
		now.ring = was.ring
	}
	c.judged.Store(&now)
}
