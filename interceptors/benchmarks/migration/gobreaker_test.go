package migration

import (
	"testing"

	"github.com/sony/gobreaker/v2"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
)

func gobreakerPair() [2]guard {
	return [2]guard{{
		name:     "gobreaker",
		options:  func() ([]grpc.DialOption, error) { return []grpc.DialOption{withGobreaker()}, nil },
		failures: 5, successes: 3, places: 10,
		open: gobreaker.ErrOpenState, full: errFull,
	}, {
		name:     "afloat",
		options:  withoutGobreaker,
		failures: 5, successes: 3, places: 10,
		open: breaker.ErrOpen, full: bulkhead.ErrFull,
	}}
}

// endsNoRun has calls refused and cancelled in the middle of a run of failures.
var endsNoRun = story{"ends no run", func(t *testing.T, g guard, b *backend) {
	t.Helper()
	do := g.dial(t, b)
	b.be(down)
	for range g.failures - 1 {
		reaches(t, b, do.bare, errDown)
	}
	release := g.fill(t, b, do.bare)
	_, err := do.bare(t.Context())
	check(t, err, g.full)
	release()
	b.be(down)
	reaches(t, b, do.bare, errDown)
	g.isOpen(t, do.bare)
}}

func TestGobreakerAndAfloatAlike(t *testing.T) {
	t.Parallel()
	tell(t, gobreakerPair(),
		opensAndRefuses, endsNoRun, probesAndCloses, opensAgain, capsCallsInFlight, countsNoRefusals, countsNoAnswers)
}

func TestGobreakerBesideAfloat(t *testing.T) {
	t.Parallel()
	compare(t, gobreakerPair(),
		comparison{"code of a refusal", codeOfRefusal, "Unknown", "Unavailable"},
		comparison{"stream through an open circuit", streamWhileOpen, "passes", "refused"},
		comparison{"an hour after probes hung", hungProbe, "too many requests", "answered"},
		comparison{"after cancelled probes", cancelledProbes, "was half-open still", "was half-open still"},
		comparison{"success from before the opening", lateSuccess, "changes nothing", "changes nothing"},
	)
}
