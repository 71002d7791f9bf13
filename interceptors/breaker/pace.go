package breaker

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/internal/chance"
)

// pace says when an open circuit sends its next probe: after a share of the outage's age,
// so that a long one costs few, and after a share of the calls that come, so that many
// clients with few calls each do not wake what they wait for. The breaker's lock guards it.
type pace struct {
	began   policy.Instant // of the outage
	calls   float64        // in the second before it
	refused uint64         // when it began
	// failing is how long the calls that failed took at most.
	failing time.Duration
}

const (
	// leastWait is the least time between two probes, unless OpenFor is less.
	leastWait = 250 * time.Millisecond
	// ageShare is the share of an outage's age after which the next probe is sent, at most
	// the same share of OpenFor.
	ageShare = 5
	// callsPerProbe is how many calls must come for each probe, and earlyCallsPerProbe how
	// many while the outage is early: most are short.
	callsPerProbe      = 80
	earlyCallsPerProbe = 8
	early              = 1500 * time.Millisecond
	// costly is how many times as long as a failed call took the next probe waits, at most
	// half of OpenFor.
	costly = 2
	// spread is by how much waits are longer at most.
	spread = 0.2
)

// begin starts an outage.
func (p *pace) begin(at policy.Instant, callsPerSecond int, refused uint64) {
	*p = pace{began: at, calls: float64(callsPerSecond), refused: refused}
}

// next returns how long to wait for the next probe.
func (p *pace) next(s *settings, at policy.Instant, refused uint64, luck *chance.Source) time.Duration {
	age := max(0, at.Sub(p.began))
	byAge := min(max(age/ageShare, leastWait), max(s.OpenFor/ageShare, time.Millisecond))
	byAge = max(byAge, min(costly*p.failing, s.OpenFor/2))
	n := float64(callsPerProbe)
	if age < early {
		n = earlyCallsPerProbe
	}
	byCalls := s.OpenFor
	if calls := p.calls + float64(refused-p.refused); calls > 0 {
		if d := n * float64(age+time.Second) / calls; d < float64(s.OpenFor) {
			byCalls = time.Duration(d)
		}
	}
	return vary(s, max(byAge, byCalls), luck)
}

// vary adds jitter, unless there is to be none. What is above the longest open time is
// mirrored below it, so that circuits with the longest differ too.
func vary(s *settings, d time.Duration, luck *chance.Source) time.Duration {
	if s.NoJitter {
		return d
	}
	varied := time.Duration(float64(d) * (1 + float64(spread*luck.Float64())))
	if varied > s.MaxOpenFor {
		varied = s.MaxOpenFor - (varied - s.MaxOpenFor)
	}
	return varied
}
