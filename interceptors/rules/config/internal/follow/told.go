package follow

import "time"

// told is when a change is told: after a moment of quiet.
type told struct {
	timer *time.Timer // nil: there is nothing to tell
	until time.Time
}

// soon lets a change be told once it is quiet.
func (t *told) soon() {
	now := time.Now()
	if t.timer == nil {
		t.timer, t.until = time.NewTimer(quiet), now.Add(patience)
		return
	}
	t.timer.Reset(min(quiet, t.until.Sub(now)))
}

// due returns a channel that is ready when a change is to be told.
func (t *told) due() <-chan time.Time {
	if t.timer == nil {
		return nil
	}
	return t.timer.C
}

// stop forgets the change.
func (t *told) stop() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}
