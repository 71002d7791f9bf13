package breaker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// recorder keeps transitions and late results.
type recorder struct {
	policy.NopObserver

	mu          sync.Mutex
	transitions []policy.Transition
	late        []policy.Late
	onReport    func()
}

func (r *recorder) Transition(t policy.Transition) {
	r.mu.Lock()
	r.transitions = append(r.transitions, t)
	r.mu.Unlock()
	if r.onReport != nil {
		r.onReport()
	}
}

func (r *recorder) Late(l policy.Late) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.late = append(r.late, l)
}

// steps are the transitions in short.
func (r *recorder) steps() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var steps []string
	for _, t := range r.transitions {
		steps = append(steps, fmt.Sprintf("%s→%s: %s", t.From, t.To, t.Cause))
	}
	return steps
}

func TestTransitionsAreReportedWithTheirFigures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{}
		b := newBreaker(t, breaker.Config{NoJitter: true, FailureRatio: 0.5, MinCalls: 8},
			breaker.WithObserver(rec), breaker.WithName("catalog"))
		late := begin(t, b)
		do(t, b, 4, nil)
		do(t, b, 4, errDown)
		late.end(nil)
		probeDue(b)
		begin(t, b).end(errDown) // a probe that fails changes nothing
		probeDue(b)
		begin(t, b).end(nil)
		for range 100 {
			if c, err := try(t, policy.Call{}, b); err == nil {
				c.end(errDown)
			}
		}
		probeDue(b)
		begin(t, b).end(nil)
		time.Sleep(breaker.DefaultSlowStart)
		do(t, b, 1, nil)
		want := []string{
			"closed→open: failure_ratio",
			"open→half_open: probe_succeeded",
			"half_open→open: failure_ratio",
			"open→half_open: probe_succeeded",
			"half_open→closed: recovered",
		}
		if got := rec.steps(); !slices.Equal(got, want) {
			t.Errorf("transitions:\n got %q\nwant %q", got, want)
		}
		first := rec.transitions[0]
		if first.Kind != "breaker" || first.Name != "catalog" || first.Calls != 8 || first.Failures != 4 {
			t.Errorf("first transition = %+v", first)
		}
		if got := first.Until.Sub(first.At); got <= 0 || got > breaker.DefaultOpenFor {
			t.Errorf("open for %v; want at most %v", got, breaker.DefaultOpenFor)
		}
		if len(rec.late) != 1 || rec.late[0].Verdict != policy.Success {
			t.Errorf("late = %+v; want one success", rec.late)
		}
	})
}

// The bugs: a listener that uses the breaker deadlocks (gobreaker #37); one that
// panics or re-enters breaks it (cep21/circuit PR #159).
func TestObserverMayDoAnything(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(*breaker.Breaker)
	}{
		{"uses the breaker", func(b *breaker.Breaker) { _ = b.Snapshot(); _ = b.State() }},
		{"panics", func(*breaker.Breaker) { panic("observer") }},
		{"calls under the breaker", func(b *breaker.Breaker) {
			_ = policy.Run(context.Background(), b, method, func(context.Context) error { return nil })
		}},
		{"changes the mode", func(b *breaker.Breaker) { _ = b.SetMode(breaker.Shadow) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rec := &recorder{}
				b := newBreaker(t, exact(breaker.Config{}), breaker.WithObserver(rec))
				rec.onReport = func() { tt.do(b) }
				do(t, b, inARow, errDown)
				time.Sleep(breaker.DefaultOpenFor)
				do(t, b, breaker.DefaultSuccessesToClose, nil)
				wantState(t, b, breaker.Closed)
				if got := len(rec.steps()); got != 2 {
					t.Errorf("%d transitions were reported; want 2: %q", got, rec.steps())
				}
			})
		})
	}
}

// An observer that ends its goroutine must not silence the reports to come.
func TestObserverMayEndItsGoroutine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{}
		b := newBreaker(t, exact(breaker.Config{}), breaker.WithObserver(rec))
		do(t, b, inARow-1, errDown)
		rec.onReport = runtime.Goexit
		go func() { do(t, b, 1, errDown) }()
		synctest.Wait()
		rec.onReport = nil
		time.Sleep(breaker.DefaultOpenFor)
		do(t, b, breaker.DefaultSuccessesToClose, nil)
		if got := len(rec.steps()); got != 2 {
			t.Errorf("%d transitions were reported; want 2: %q", got, rec.steps())
		}
	})
}

// Reports come in the order of the transitions, also when the observer takes
// its time and others change the state meanwhile.
func TestReportsComeInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := &slowObserver{}
		b := newBreaker(t, exact(breaker.Config{}), breaker.WithObserver(slow))
		go func() { do(t, b, inARow, errDown) }()
		time.Sleep(breaker.DefaultOpenFor)
		do(t, b, breaker.DefaultSuccessesToClose, nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		if want := []string{"open", "closed"}; !slices.Equal(slow.states, want) {
			t.Errorf("reported %q; want %q", slow.states, want)
		}
	})
}

// slowObserver takes a minute for its first report.
type slowObserver struct {
	policy.NopObserver

	calls  atomic.Int64
	states []string
}

func (s *slowObserver) Transition(t policy.Transition) {
	if s.calls.Add(1) == 1 {
		time.Sleep(time.Minute)
	}
	s.states = append(s.states, t.To)
}

// The failures of calls that end at the same moment open the breaker once.
func TestTripsOnceUnderRace(t *testing.T) {
	t.Parallel()
	for range 500 {
		rec := &recorder{}
		b := newBreaker(t, breaker.Config{ConsecutiveFailures: 1}, breaker.WithObserver(rec))
		var all sync.WaitGroup
		start := make(chan struct{})
		for range 8 {
			c := begin(t, b)
			all.Go(func() { <-start; c.end(errDown) })
		}
		close(start)
		all.Wait()
		if got := rec.steps(); len(got) != 1 {
			t.Fatalf("transitions = %q; want one", got)
		}
	}
}

// The bugs: transitions that cannot be, twice or out of order under races
// (resilience4j #646, #674, #562, #1568; cep21/circuit PR #151, #159). Each
// report must begin where the one before ended.
func TestTransitionsUnderRace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{}
		b := newBreaker(t, breaker.Config{
			ConsecutiveFailures: 3, OpenFor: 10 * time.Millisecond, MaxOpenFor: 20 * time.Millisecond,
			ProbeTimeout: 5 * time.Millisecond, SuccessesToClose: 2, SlowAfter: 4 * time.Millisecond, SlowStart: 6 * time.Millisecond,
		}, breaker.WithObserver(rec))
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for range 500 {
					_ = policy.Run(context.Background(), b, method, func(context.Context) error {
						time.Sleep(time.Duration(rand.IntN(6)) * time.Millisecond)
						return []error{nil, nil, errDown, errDown, errCanceled}[rand.IntN(5)]
					})
					time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
				}
			})
		}
		all.Go(func() {
			for i := range 50 {
				_ = b.SetMode([]breaker.Mode{breaker.Automatic, breaker.Shadow}[i%2])
				_ = b.Snapshot()
				time.Sleep(20 * time.Millisecond)
			}
		})
		all.Wait()
		legal := map[string][]string{
			"closed": {"open"}, "open": {"half_open"}, "half_open": {"open", "closed"},
		}
		at := "closed"
		for i, tr := range rec.transitions {
			if tr.From != at || !slices.Contains(legal[tr.From], tr.To) {
				t.Fatalf("transition %d is %s→%s after state %s", i, tr.From, tr.To, at)
			}
			at = tr.To
		}
		if len(rec.transitions) < 10 {
			t.Errorf("only %d transitions: the test shows nothing", len(rec.transitions))
		}
		if got := b.State().String(); got != at && (got != "half_open" || at != "open") { // a probe may be due
			t.Errorf("state = %s; the last report says %s", got, at)
		}
	})
}
