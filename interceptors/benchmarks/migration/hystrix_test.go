package migration

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/afex/hystrix-go/hystrix"
	metricCollector "github.com/afex/hystrix-go/hystrix/metric_collector"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	pb "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// executions has one value for each call that hystrix-go has counted. It counts
// on a goroutine of its own that never ends, so its circuits are made outside of
// virtual time, and the ten seconds of its window are real ones.
var executions = make(chan struct{}, 100_000)

// listener stands beside the collector that circuits are judged by. When it hears
// of a call, all calls before have been counted, and this one is being counted.
type listener struct{}

func (listener) Update(metricCollector.MetricResult) { executions <- struct{}{} }
func (listener) Reset()                              {}

var listen = sync.OnceFunc(func() {
	metricCollector.Registry.Register(func(string) metricCollector.MetricCollector { return listener{} })
})

// prepareHystrix makes the command anew: hystrix-go's circuits are those of the
// process.
func prepareHystrix() {
	listen()
	hystrix.Flush()
	configureHystrix()
	_, _, _ = hystrix.GetCircuit("get_profile")
}

// counted returns from a call when hystrix-go has counted it.
func counted(do call) call {
	return func(ctx context.Context) (string, error) {
		defer func() { <-executions }()
		return do(ctx)
	}
}

func hystrixCalls(client pb.TierServiceClient) calls {
	return calls{
		bare: counted(func(ctx context.Context) (string, error) {
			return "", hystrix.DoC(ctx, "get_profile", func(ctx context.Context) error {
				_, err := client.GetAccount(ctx, &pb.GetAccountRequest{Id: "7"})
				return err
			}, nil)
		}),
		withFallback: counted(func(ctx context.Context) (string, error) {
			got, err := profileWithHystrix(ctx, client, "7")
			return got.GetName(), err
		}),
	}
}

func hystrixPair() [2]guard {
	return [2]guard{{
		name:     "hystrix-go",
		prepare:  prepareHystrix,
		options:  func() ([]grpc.DialOption, error) { return nil, nil },
		calls:    hystrixCalls,
		failures: 20, successes: 1, places: 10, lag: 1,
		open: hystrix.ErrCircuitOpen, full: hystrix.ErrMaxConcurrency,
		late: func(err error) bool { return errors.Is(err, hystrix.ErrTimeout) },
	}, {
		name:     "afloat",
		options:  func() ([]grpc.DialOption, error) { return withoutHystrix(target) },
		failures: 20, successes: 1, places: 10,
		open: breaker.ErrOpen, full: bulkhead.ErrFull, late: isDeadline,
	}}
}

func TestHystrixAndAfloatAlike(t *testing.T) { //nolint:paralleltest // hystrix-go's circuits are those of the process
	tell(t, hystrixPair(),
		opensAndRefuses, toleratesLessThanHalf, opensAtHalf, opensAtTimeouts, probesAndCloses, opensAgain,
		capsCallsInFlight, endsInTime, fallsBack)
}

func TestHystrixBesideAfloat(t *testing.T) { //nolint:paralleltest // hystrix-go's circuits are those of the process
	compare(t, hystrixPair(),
		comparison{"code of a refusal", codeOfRefusal, "Unknown", "Unavailable"},
		comparison{"code of a timeout", codeOfTimeout, "Unknown", "DeadlineExceeded"},
		comparison{"time that the backend sees", deadlineSeen, "none", "1s"},
		comparison{"call that timed out", afterTimeout, "runs on", "is cancelled"},
		comparison{"refuses when full", refusalsThatCount, "the circuit", "the places"},
		comparison{"success from before the opening", lateSuccess, "closes it", "changes nothing"},
		comparison{"NOT_FOUND", answerThatIsNone, "anonymous", "NotFound"},
	)
}
