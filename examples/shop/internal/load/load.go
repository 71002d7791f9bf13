package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrOverrun is the error of a request that was not made because MaxInFlight
// others were under way.
var ErrOverrun = errors.New("load: too many requests in flight")

// Config says how much to ask.
type Config struct {
	// Rate is how many requests are due per second. Range [1, 100000].
	Rate int
	// For is how long requests are due. Range [1ms, 1h].
	For time.Duration
	// MaxInFlight bounds the requests under way. Range [1, 100000].
	MaxInFlight int
}

// validate reports all faults of the configuration.
func (c Config) validate() error {
	const most = 100_000
	var faults []error
	if c.Rate < 1 || c.Rate > most {
		faults = append(faults, fmt.Errorf("load: rate = %d; must be in [1, %d]", c.Rate, most))
	}
	if c.For < time.Millisecond || c.For > time.Hour {
		faults = append(faults, fmt.Errorf("load: for = %v; must be in [1ms, 1h]", c.For))
	}
	if c.MaxInFlight < 1 || c.MaxInFlight > most {
		faults = append(faults, fmt.Errorf("load: max_in_flight = %d; must be in [1, %d]", c.MaxInFlight, most))
	}
	return errors.Join(faults...)
}

// Result is what became of one request.
type Result[A any] struct {
	// Due is when it was due, after the start.
	Due time.Duration
	// Late is how long after that it was made. The client alone is to blame.
	Late time.Duration
	// Latency is the time from when it was due to its end.
	Latency time.Duration
	// Answer is what came back, if Err is nil.
	Answer A
	// Err is why nothing did.
	Err error
}

// Run makes requests by ask, which gets their number, and returns what became
// of each, in order, once the last has ended. When ctx ends first, Run makes no
// more of them and returns its error with the results so far.
func Run[A any](ctx context.Context, cfg Config, ask func(ctx context.Context, n int) (A, error)) ([]Result[A], error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	interval := time.Second / time.Duration(cfg.Rate)
	results := make([]Result[A], int(cfg.For/interval))
	places := make(chan struct{}, cfg.MaxInFlight)
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	start := time.Now()
	var requests sync.WaitGroup
	defer requests.Wait()
	for n := range results {
		r := &results[n]
		r.Due = time.Duration(n) * interval
		timer.Reset(time.Until(start.Add(r.Due)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			requests.Wait()
			return results[:n], fmt.Errorf("load: %w", ctx.Err())
		}
		select {
		case places <- struct{}{}:
		default:
			r.Err = ErrOverrun
			continue
		}
		requests.Go(func() {
			r.Late = time.Since(start.Add(r.Due))
			r.Answer, r.Err = ask(ctx, n)
			r.Latency = time.Since(start.Add(r.Due))
			<-places
		})
	}
	requests.Wait()
	return results, nil
}
