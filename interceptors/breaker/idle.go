package breaker

import "github.com/afloat-go/afloat/interceptors/policy"

// Idle reports whether the breaker can be dropped and made anew without loss:
// for a whole Window no call has ended, no open time has run and no probe has
// been made, and no call that is judged by time is in flight. A breaker that is
// forced open or closed is never idle.
func (b *Breaker) Idle() bool {
	now, window := policy.Now(), policy.Instant(b.settings.Load().Window)
	switch p := b.current.Load().phase.(type) {
	case *closed:
		j := p.judged.Load()
		return j.window.Quiet(now) && (j.ring == nil || j.ring.empty())
	case *open:
		return now-p.until >= window
	case *halfOpen:
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(p.probes) == 0 && now-p.lastUse >= window
	default:
		return false
	}
}
