package capacity

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/pressure"
)

// Guard says what stands before a service.
type Guard func(m *pressure.Meter) (policy.Policy, error)

// Controlled puts the controller before a service.
func Controlled(m *pressure.Meter) (policy.Policy, error) {
	return overload.New(overload.Config{}, overload.WithMeter(m))
}

// Nothing puts nothing before a service.
func Nothing(*pressure.Meter) (policy.Policy, error) {
	return overload.New(overload.Config{Mode: overload.Exempt})
}

// Deadline is how long callers wait for an answer.
const Deadline = 250 * time.Millisecond

// The costs of calls on the processor: that of meeting the guard, and that of the rest.
const (
	meets = 30 * time.Microsecond
)

// Second is what became of the calls that came in one second.
type Second struct {
	Came, Good, Refused, Late int
	// OfCritical are those of class critical.
	CriticalCame, CriticalGood int
	Took                       []time.Duration // by the good ones
}

// Quantile returns what a share of the good calls took at most.
func (s *Second) Quantile(share float64) time.Duration {
	if len(s.Took) == 0 {
		return 0
	}
	slices.Sort(s.Took)
	return s.Took[min(len(s.Took)-1, int(share*float64(len(s.Took))))]
}

// criticalShare returns what share of the critical calls was answered in time.
func (s *Second) criticalShare() float64 {
	return float64(s.CriticalGood) / float64(max(1, s.CriticalCame))
}

// Result is what became of the calls of a run, second by second.
type Result struct {
	Service Service
	Shape   Shape
	Seconds []Second
	// Refused counts the refusals by their reason.
	Refused map[string]int
	// OfClient counts the good answers to each client in the second half of the run, if
	// there are clients.
	OfClient []int
}

// Sum adds up the seconds from one on up to another.
func (r *Result) Sum(from, to int) Second {
	var sum Second
	for i := from; i < to && i < len(r.Seconds); i++ {
		s := &r.Seconds[i]
		sum.Came, sum.Good, sum.Refused, sum.Late = sum.Came+s.Came, sum.Good+s.Good, sum.Refused+s.Refused, sum.Late+s.Late
		sum.CriticalCame, sum.CriticalGood = sum.CriticalCame+s.CriticalCame, sum.CriticalGood+s.CriticalGood
		sum.Took = append(sum.Took, s.Took...)
	}
	return sum
}

// world is one run.
type world struct {
	shape   Shape
	cpu     *CPU
	dice    *rand.Rand
	began   time.Time
	guard   policy.Policy
	clients []*client // none: calls come from nowhere
	handler handler
	calls   sync.WaitGroup
	mu      sync.Mutex
	result  *Result
}

// percent returns how much of the capacity is there.
func (w *world) percent() int {
	if w.shape.Percent == nil {
		return 100
	}
	return w.shape.Percent(time.Since(w.began))
}

// Run lets the shape of load come to the service behind the guard. Nothing but the seed
// decides when calls come.
func Run(s Service, shape Shape, guard Guard, seed uint64) (*Result, error) {
	return RunClients(s, shape, guard, 0, seed)
}

// RunClients does what [Run] does, with so many clients that make the calls in turn, each
// under a controller of its own.
func RunClients(s Service, shape Shape, guard Guard, clients int, seed uint64) (*Result, error) {
	r := &Result{OfClient: make([]int, clients), Service: s, Shape: shape, Refused: map[string]int{}}
	var err error
	inBubble(func() {
		w := &world{shape: shape, dice: dice(seed), began: time.Now(), result: r}
		w.cpu = newCPU(1, w.percent)
		w.handler = s.build(w)
		if w.guard, err = guard(pressure.NewMeter(w.cpu)); err != nil {
			return
		}
		if w.clients, err = newClients(clients); err != nil {
			return
		}
		w.run(float64(s.PerSecond))
	})
	return r, err
}

// inBubble runs f in a bubble.
func inBubble(f func()) { synctest.Test(new(testing.T), func(*testing.T) { f() }) }

// run lets the calls come, as a Poisson process.
func (w *world) run(perSecond float64) {
	w.result.Seconds = make([]Second, int(w.shape.Length/time.Second)+1)
	nextBurst, nextPause := w.shape.Every, w.shape.PauseEvery
	for {
		at := time.Since(w.began)
		if at >= w.shape.Length {
			break
		}
		if w.shape.Burst > 0 && at >= nextBurst {
			nextBurst += w.shape.Every
			for range w.shape.Burst {
				w.call(at)
			}
		}
		if w.shape.Pause > 0 && at >= nextPause {
			nextPause += w.shape.PauseEvery
			w.calls.Go(func() { w.cpu.run(w.shape.Pause) })
		}
		load := max(0.01, w.shape.Load(at))
		time.Sleep(time.Duration(w.dice.ExpFloat64() / (load * perSecond) * float64(time.Second)))
		w.call(time.Since(w.began))
	}
	w.calls.Wait()
}

// call makes a call. One in five is critical, the others are of the classes below.
func (w *world) call(at time.Duration) {
	class := criticality.Critical
	if draw := w.dice.IntN(10); draw >= 2 {
		class = criticality.Low + criticality.Class(draw%3)
	}
	work := w.dice.ExpFloat64()
	var from *client
	if len(w.clients) > 0 {
		from = w.clients[w.dice.IntN(len(w.clients))]
	}
	second := &w.result.Seconds[min(len(w.result.Seconds)-1, int(at/time.Second))]
	w.calls.Go(func() {
		began := time.Now()
		ctx, cancel := context.WithDeadline(context.Background(), began.Add(Deadline))
		defer cancel()
		serve := func() (bool, error) {
			w.cpu.run(meets)
			return under(ctx, w.guard, policy.Server, class, func() (bool, error) { return w.handler(ctx, work), nil })
		}
		good, err := from.call(ctx, class, serve)
		w.note(second, class, time.Since(began), good, err)
		from.note(w, good)
	})
}

// note counts a call that has ended.
func (w *world) note(s *Second, class criticality.Class, took time.Duration, good bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	good = good && took <= Deadline
	s.Came++
	switch {
	case err != nil:
		s.Refused++
		if r, ok := errors.AsType[*policy.Rejection](err); ok {
			w.result.Refused[string(r.Reason)]++
		}
	case good:
		s.Good++
		s.Took = append(s.Took, took)
	default:
		s.Late++
	}
	if class == criticality.Critical {
		s.CriticalCame++
		if good {
			s.CriticalGood++
		}
	}
}

// String shows the run, a line for each second.
func (r *Result) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s, %s: capacity %d\n", r.Service.Name, r.Shape.Name, r.Service.PerSecond)
	for i := range r.Seconds {
		s := &r.Seconds[i]
		fmt.Fprintf(&text, "%3d: came %5d good %5d refused %5d late %4d critical %d/%d p50 %v p99 %v\n",
			i, s.Came, s.Good, s.Refused, s.Late, s.CriticalGood, s.CriticalCame,
			s.Quantile(0.5).Round(time.Millisecond), s.Quantile(0.99).Round(time.Millisecond))
	}
	return text.String()
}
