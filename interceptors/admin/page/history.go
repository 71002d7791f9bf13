package page

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/afloat-go/afloat/interceptors/admin"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

const (
	// sampleEvery is how often the totals are looked at while somebody looks at the page, and
	// for keepLooking after that.
	sampleEvery = 5 * time.Second
	keepLooking = 15 * time.Minute
	// maxSamples are ten minutes.
	maxSamples = 120
)

// sample is the totals of one moment.
type sample struct {
	// At is when, in milliseconds since 1970.
	At int64 `json:"at"`
	// NotClosed is how many circuits were not closed.
	NotClosed int32 `json:"notClosed"`
	// RefusedPerSecond is how many calls were refused a second since the sample before.
	RefusedPerSecond float64 `json:"refusedPerSecond"`
	// InFlight is how many calls were under way.
	InFlight int32 `json:"inFlight"`
}

// history is the totals of the last minutes, for the charts. It is safe for concurrent use.
// Nobody who does not look at the page pays for it: it has a timer, and no goroutine.
type history struct {
	service *admin.Service

	mu       sync.Mutex
	all      []sample
	rejected uint64
	at       time.Time // of the last sample
	asked    time.Time // when somebody last looked
	timer    *time.Timer
}

// samples returns the history, to which the totals of now are added if it is time. Without
// totals, as on the pages after the first, there is none.
func (h *history) samples(_ context.Context, now *adminv1.Totals) []sample {
	if now == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = time.Now()
	if h.timer == nil {
		h.addLocked(now)
		h.timer = time.AfterFunc(sampleEvery, h.look)
	}
	all := slices.Clone(h.all)
	if time.Since(h.at) >= time.Second {
		all = append(all, h.sampleLocked(now))
	}
	return all
}

// look takes a sample, and looks again later if somebody may want it.
func (h *history) look() {
	m, err := h.service.Snapshot(context.Background(), &adminv1.SnapshotRequest{WithoutPolicies: true, WithoutRules: true})
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		h.addLocked(m.GetTotals())
	}
	if time.Since(h.asked) > keepLooking {
		h.timer = nil
		return
	}
	h.timer.Reset(sampleEvery)
}

// sampleLocked returns what the totals of now are as a sample.
func (h *history) sampleLocked(t *adminv1.Totals) sample {
	now := time.Now()
	s := sample{At: now.UnixMilli(), InFlight: t.GetInFlight()}
	for _, c := range t.GetCircuits() {
		if c.GetState() != policyv1.BreakerStatus_STATE_CLOSED {
			s.NotClosed += c.GetCircuits()
		}
	}
	if len(h.all) > 0 && t.GetRejected() > h.rejected { // policies that are dropped take their counts along
		s.RefusedPerSecond = float64(t.GetRejected()-h.rejected) / now.Sub(h.at).Seconds()
	}
	return s
}

// addLocked adds a sample. After a long pause the history begins anew.
func (h *history) addLocked(t *adminv1.Totals) {
	if time.Since(h.at) >= keepLooking {
		h.all = nil
	}
	s := h.sampleLocked(t)
	h.rejected, h.at = t.GetRejected(), time.Now()
	h.all = append(h.all, s)
	if len(h.all) > maxSamples {
		h.all = slices.Delete(h.all, 0, len(h.all)-maxSamples)
	}
}
