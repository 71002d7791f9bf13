package migration

import (
	"context"
	"errors"
	"testing"

	failsafebulkhead "github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	failsafetimeout "github.com/failsafe-go/failsafe-go/timeout"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

func failsafePair() [2]guard {
	return [2]guard{{
		name:    "failsafe-go",
		options: func() ([]grpc.DialOption, error) { return []grpc.DialOption{withFailsafe()}, nil },
		calls: func(client pb.TierServiceClient) calls {
			do := callsOf(client)
			do.withFallback = func(ctx context.Context) (string, error) {
				got, err := profileWithFailsafe(ctx, client, "7")
				return got.GetName(), err
			}
			return do
		},
		failures: 20, successes: 3, places: 10,
		open: circuitbreaker.ErrOpen, full: failsafebulkhead.ErrFull,
		late: func(err error) bool { return errors.Is(err, failsafetimeout.ErrExceeded) },
	}, {
		name:     "afloat",
		options:  func() ([]grpc.DialOption, error) { return withoutFailsafe(target) },
		failures: 20, successes: 3, places: 10,
		open: breaker.ErrOpen, full: bulkhead.ErrQueueTimeout, late: isDeadline,
	}}
}

func TestFailsafeAndAfloatAlike(t *testing.T) {
	t.Parallel()
	tell(t, failsafePair(),
		opensAndRefuses, toleratesLessThanHalf, opensAtHalf, opensAtTimeouts, probesAndCloses, opensAgain,
		capsCallsInFlight, countsNoRefusals, countsNoAnswers, endsInTime, fallsBack)
}

func TestFailsafeBesideAfloat(t *testing.T) {
	t.Parallel()
	compare(t, failsafePair(),
		comparison{"code of a refusal", codeOfRefusal, "Unknown", "Unavailable"},
		comparison{"code of a timeout", codeOfTimeout, "Unknown", "DeadlineExceeded"},
		comparison{"time that the backend sees", deadlineSeen, "none", "1s"},
		comparison{"stream through an open circuit", streamWhileOpen, "passes", "refused"},
		comparison{"after cancelled probes", cancelledProbes, "had closed", "was half-open still"},
		comparison{"places of calls that panicked", placesAfterPanics, "taken for good", "free"},
		comparison{"call that timed out", afterTimeout, "is cancelled", "is cancelled"},
	)
}
