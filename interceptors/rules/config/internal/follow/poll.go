package follow

import (
	"os"
	"time"
)

// pollEvery is how often a file is looked at that is not watched.
const pollEvery = time.Second

// poll looks at a file that is not watched, now and then.
type poll struct {
	timer *time.Timer // nil: not now
	last  os.FileInfo // as it was then, nil: not there
	moved int         // how many looks in a row found it other than before
}

// runIf lets the polling go on or stop.
func (p *poll) runIf(needed bool) {
	switch {
	case !needed && p.timer != nil:
		p.timer.Stop()
		*p = poll{}
	case needed && p.timer == nil:
		p.timer = time.NewTimer(pollEvery)
	}
}

// due returns a channel that is ready when it is time for a look.
func (p *poll) due() <-chan time.Time {
	if p.timer == nil {
		return nil
	}
	return p.timer.C
}

// again sets the time of the next look.
func (p *poll) again() {
	if p.timer != nil {
		p.timer.Reset(pollEvery)
	}
}

// steady reports whether the file may be read: nobody seems to be writing it, or that has
// been so for long enough.
func (p *poll) steady(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		info = nil
	}
	was := p.last
	p.last = info
	same := info == nil && was == nil || info != nil && was != nil &&
		os.SameFile(info, was) && info.Size() == was.Size() && info.ModTime().Equal(was.ModTime())
	if same || p.moved >= int(patience/pollEvery) {
		p.moved = 0
		return true
	}
	p.moved++
	return false
}
