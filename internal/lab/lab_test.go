package lab_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
	"github.com/afloat-go/afloat/internal/lab"
)

// run takes one run, which must succeed.
func run(tb testing.TB, world string, s lab.System, rate int, seed uint64) lab.Result {
	tb.Helper()
	w := find(tb, world)
	r, err := lab.Run(&w, s, rate, seed, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// breakerOf returns the system of one configuration.
func breakerOf(cfg breaker.Config) lab.System {
	return lab.Breaker("breaker", func(*lab.World) breaker.Config { return cfg })
}

// find returns a world, which there must be.
func find(tb testing.TB, name string) lab.World {
	tb.Helper()
	w, err := lab.Find(name)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// until refuses all calls until some time, and all that it is told of again and again.
type until struct {
	from, to time.Duration
}

func (u until) Admit(call *lab.Call) bool { return call.At < u.from || call.At >= u.to }

func (until) End(*lab.Call, error) {}

// refusing returns a system that refuses all calls in a span.
func refusing(from, to time.Duration) lab.System {
	return lab.System{Name: "refusing", Timeless: true, New: func(*lab.World, string) (lab.Guard, error) {
		return until{from, to}, nil
	}}
}

func TestWorldsAreNamedApartAndTold(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, w := range lab.Worlds() {
		if seen[w.Name] {
			t.Errorf("two worlds are called %s", w.Name)
		}
		seen[w.Name] = true
		if !strings.HasSuffix(w.About, ".") || len(w.Rates) == 0 || w.Deadline <= 0 || w.SlowOver <= 0 || w.Healthy <= 0 {
			t.Errorf("%+v: something is missing", w)
		}
	}
	if len(seen) < 15 {
		t.Errorf("%d worlds; want 15 at least", len(seen))
	}
}

func TestFindNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	if _, err := lab.Find("fails-40"); err != nil {
		t.Error(err)
	}
	_, err := lab.Find("melts")
	if err == nil || !strings.HasPrefix(err.Error(), `world = "melts"; must be one of fails-5, `) {
		t.Errorf("error = %v", err)
	}
}

// Without a guard nothing is lost and nothing spared, in any world; and what is possible
// is what the world says.
func TestNobodyLosesNothing(t *testing.T) {
	t.Parallel()
	for _, w := range lab.Worlds() {
		if w.Runs > 0 && w.Clients == 0 && len(w.Rates) == 1 {
			continue // a day
		}
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			sample, err := lab.Take(&w, lab.None(), w.Rates[0], 1)
			if err != nil {
				t.Fatal(err)
			}
			r := sample[0]
			if r.Lost() != 0 || r.Spared() != 0 || r.Sent != r.Calls || r.Given+r.InVain != r.Calls || r.Slow != r.SlowPossible {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestSharesAreThoseOfTheWorld(t *testing.T) {
	t.Parallel()
	for world, want := range map[string]float64{
		"fails-5": 95, "fails-40": 60, "fails-80": 20, "wanders-2-to-6": 96, "flaps-2s": 50,
	} {
		r := run(t, world, lab.None(), 400, 1)
		if got := 100 * float64(r.Possible) / float64(r.Calls); got < want-1.5 || got > want+1.5 {
			t.Errorf("%s: %.1f %% are answered; want %v", world, got, want)
		}
	}
	for world, want := range map[string]float64{"replica-hangs-1-of-2": 50, "replica-hangs-1-of-3": 66.7, "outage-hangs-20s": 0, "outage-fails-20s": 0} {
		r := run(t, world, lab.None(), 400, 1)
		if got := 100 * float64(r.Fault.Possible) / float64(r.Fault.Calls); got < want-1.5 || got > want+1.5 {
			t.Errorf("%s: in the fault, %.1f %% are answered; want %v", world, got, want)
		}
	}
}

// A hundredth of all healthy calls takes longer than the world says.
func TestHealthyIsTheQuantile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"learns-7ms-hangs", "learns-50ms-bimodal-hangs", "learns-batch-hangs", "process-pauses-2s"} {
		w := find(t, name)
		w.SlowOver = w.Healthy
		r, err := lab.Run(&w, lab.None(), 400, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		calls, slow := r.Calls-r.Fault.Calls, r.Slow-r.Fault.Slow
		if share := 100 * float64(slow) / float64(calls); share < 0.6 || share > 1.4 {
			t.Errorf("%s: %.2f %% of the healthy calls take longer than %v; want 1", name, share, w.Healthy)
		}
	}
}

// A call that hangs is slow and in vain, and costs its caller the deadline.
func TestHangsEndAtTheDeadline(t *testing.T) {
	t.Parallel()
	hangs, fails := run(t, "outage-hangs-10s", lab.None(), 100, 1), run(t, "outage-fails-10s", lab.None(), 100, 1)
	if hangs.Slow != hangs.InVain || hangs.InVain != hangs.Fault.Calls || hangs.Fault.Calls < 900 {
		t.Errorf("hangs: %+v", hangs)
	}
	if fails.Slow != 0 || fails.InVain != fails.Fault.Calls {
		t.Errorf("fails: %+v", fails)
	}
}

// The phase of each run is another one, so the guard looks for the fault in a run first.
func TestBackIsTheStartOfTwoGoodSeconds(t *testing.T) {
	t.Parallel()
	w := find(t, "outage-fails-20s")
	view := &lab.View{Step: time.Second}
	if _, err := lab.Run(&w, lab.None(), 400, 7, view); err != nil {
		t.Fatal(err)
	}
	for _, late := range []time.Duration{0, 3 * time.Second, 7500 * time.Millisecond} {
		r := run(t, w.Name, refusing(view.Fault.From+time.Second, view.Fault.To+late), 400, 7)
		// A tenth may be refused, so that the two seconds begin a fifth of one early.
		if most, least := late, late-250*time.Millisecond; r.Back > most || r.Back < least {
			t.Errorf("admitted again after %v: back = %v; want [%v, %v]", late, r.Back, least, most)
		}
		if r.OutageSent != 0 || r.OutageCalls < 7000 || r.Lost() == 0 && late > 0 || r.Spared() < 7000 {
			t.Errorf("%+v", r)
		}
	}
	if r := run(t, w.Name, refusing(view.Fault.From, time.Hour), 400, 7); r.Back != lab.Never {
		t.Errorf("never admitted again: back = %v", r.Back)
	}
}

// What is refused is lost if it would have been answered, and spared if not.
func TestLostAndSpared(t *testing.T) {
	t.Parallel()
	r := run(t, "fails-40", refusing(0, time.Hour), 400, 1)
	if r.Sent != 0 || r.Lost() != r.Possible || r.Spared() != r.Bad || r.Possible+r.Bad != r.Calls {
		t.Errorf("%+v", r)
	}
	s := lab.Sample{r}
	if got := s.SparedPerLost(); got < 0.6 || got > 0.75 {
		t.Errorf("spared for one lost = %.2f; want 0.67", got)
	}
}

// The same seed is the same run, also with a breaker, and another seed is another one.
func TestRunsRepeat(t *testing.T) {
	t.Parallel()
	for _, world := range []string{"fails-60", "outage-hangs-20s", "process-pauses-2s", "learns-50ms-bimodal-hangs"} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			s := breakerOf(breaker.Config{NoJitter: true, SlowAfter: 60 * time.Millisecond})
			first := run(t, world, s, 100, 3)
			if again := run(t, world, s, 100, 3); !equal(first, again) {
				t.Errorf("first %+v\nagain %+v", first, again)
			}
			if other := run(t, world, s, 100, 4); equal(first, other) {
				t.Errorf("another seed changes nothing: %+v", first)
			}
		})
	}
}

// equal compares what is told of two runs.
func equal(a, b lab.Result) bool {
	return a.Tally == b.Tally && a.Fault == b.Fault && a.Back == b.Back && a.OutageSent == b.OutageSent && a.Transitions == b.Transitions
}

// A breaker refuses what fails, in virtual time, and its transitions are counted.
func TestBreakerGuards(t *testing.T) {
	t.Parallel()
	r := run(t, "outage-fails-20s", breakerOf(breaker.Consecutive(5, 5*time.Second)), 400, 1)
	if r.OutageShare() > 1.5 || r.Transitions < 2 || r.Back == lab.Never || r.Spared() < 7000 {
		t.Errorf("%+v", r)
	}
}

// A policy that tightens the deadline ends calls earlier.
func TestTighterDeadlineCounts(t *testing.T) {
	t.Parallel()
	tight := lab.Policies("tight", policy.Call{Method: "/s/M"}, func(*lab.World, string, policy.Observer) (*policy.Chain, error) {
		p, err := timeout.New(timeout.Config{Max: 50 * time.Millisecond})
		if err != nil {
			return nil, err
		}
		return policy.NewChain([]policy.Policy{p})
	})
	r := run(t, "outage-hangs-10s", tight, 100, 1)
	if r.Slow != 0 || r.InVain != r.Fault.Calls {
		t.Errorf("slow = %d, in vain = %d of %d; want none slow, all in vain", r.Slow, r.InVain, r.Fault.Calls)
	}
}

// A queue holds calls back, and lets go of those that wait too long: what comes in a
// second is sent ten at a time, a tenth of a second each.
func TestCallsWaitForPlaces(t *testing.T) {
	t.Parallel()
	w := find(t, "fails-5")
	w.Deadline, w.SlowOver = 10*time.Second, 101*time.Millisecond
	w.Begin = func(*lab.Dice, int) lab.Course {
		return lab.Course{Length: time.Minute, Answer: func(time.Duration, lab.Draw) lab.Answer { return lab.Answer{After: 100 * time.Millisecond} }}
	}
	queued := func(wait time.Duration, s func(string, policy.Call, lab.NewChain) lab.System) lab.Result {
		r, err := lab.Run(&w, s("queued", policy.Call{Method: "/s/M"}, func(*lab.World, string, policy.Observer) (*policy.Chain, error) {
			b, err := bulkhead.New(bulkhead.Config{MaxConcurrent: 10, MaxQueue: 10, MaxWait: wait})
			if err != nil {
				return nil, err
			}
			return policy.NewChain([]policy.Policy{b})
		}), 80, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	patient, hasty := queued(5*time.Second, lab.Blocking), queued(time.Millisecond, lab.Blocking)
	if patient.Calls < 4500 || patient.Sent+patient.RefusedBy["bulkhead"] != patient.Calls || patient.Given != patient.Sent {
		t.Errorf("patient: %+v", patient)
	}
	// Four fifths of the places are taken on average.
	if lost := patient.Lost(); lost > patient.Calls/50 || hasty.Lost() < 3*lost+50 {
		t.Errorf("patient loses %d, hasty %d", lost, hasty.Lost())
	}
	if patient.Slow <= hasty.Slow {
		t.Errorf("patient has %d slow answers, hasty %d; those that waited are slow", patient.Slow, hasty.Slow)
	}
}

// Many clients have guards of their own, and the service answers what it has room for.
func TestFleetIsAnsweredWithinCapacity(t *testing.T) {
	t.Parallel()
	w := find(t, "fleet-recovers")
	names := map[string]bool{}
	s := lab.None()
	s.New = func(_ *lab.World, name string) (lab.Guard, error) {
		names[name] = true
		return until{}, nil
	}
	r, err := lab.Run(&w, s, 400, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 1000 {
		t.Errorf("%d guards; want 1000", len(names))
	}
	if r.SettledShare() < 99 || r.Fault.Given != 0 {
		t.Errorf("settled = %.1f %%, answered in the fault = %d", r.SettledShare(), r.Fault.Given)
	}
	// Twice the load is more than it has room for.
	twice := w
	twice.Begin = func(d *lab.Dice, rate int) lab.Course {
		c := w.Begin(d, rate)
		c.Surge = func(time.Duration) int { return 2 }
		return c
	}
	r, err = lab.Run(&twice, s, 400, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.SettledShare() > 60 {
		t.Errorf("at twice the load, %.1f %% are answered; there is room for 60", r.SettledShare())
	}
}

// In a pause of the process no call comes and none ends; what is over by its end, ends
// then.
func TestNothingHappensInAPause(t *testing.T) {
	t.Parallel()
	w := find(t, "process-pauses-2s")
	var pauses []lab.Span
	begin := w.Begin
	w.Begin = func(d *lab.Dice, rate int) lab.Course {
		c := begin(d, rate)
		pauses = slices.Clone(c.Pauses)
		return c
	}
	var events []time.Duration
	s := lab.System{Name: "noting", Timeless: true, New: func(*lab.World, string) (lab.Guard, error) { return noting{&events}, nil }}
	if _, err := lab.Run(&w, s, 400, 1, nil); err != nil {
		t.Fatal(err)
	}
	if len(pauses) < 5 || len(events) < 10_000 || !slices.IsSorted(events) {
		t.Fatalf("%d pauses, %d events, in order: %v", len(pauses), len(events), slices.IsSorted(events))
	}
	for _, at := range events {
		if slices.ContainsFunc(pauses, func(s lab.Span) bool { return s.Has(at) }) {
			t.Fatalf("something happens at %v, in a pause of %v", at, pauses)
		}
	}
}

// noting notes when it is asked and told.
type noting struct{ events *[]time.Duration }

func (n noting) Admit(call *lab.Call) bool {
	*n.events = append(*n.events, call.At)
	return true
}

func (n noting) End(call *lab.Call, _ error) { *n.events = append(*n.events, call.Now) }

// One allocation a call would be most of what a run costs.
func TestAllocRun(t *testing.T) { //nolint:paralleltest // it counts the allocations of the process
	if raceEnabled {
		t.Skip("the race detector makes code allocate")
	}
	w := find(t, "fails-5")
	s := breakerOf(breaker.Config{})
	calls := 0
	allocs := testing.AllocsPerRun(1, func() {
		r, err := lab.Run(&w, s, 1000, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		calls = r.Calls
	})
	if most := float64(calls) / 50; allocs > most {
		t.Errorf("%.0f allocations for %d calls; want %.0f at most", allocs, calls, most)
	}
}
