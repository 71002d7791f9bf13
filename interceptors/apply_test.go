package interceptors_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// line is one bulkhead under load: the methods that share it, and what is true of
// it, as the calls themselves see it.
type line struct {
	name    string // of the live policy
	methods []string
	// running is how many calls are under way, waiting how many have asked for a
	// place.
	running, waiting atomic.Int64
	// most is how many may run at the moment.
	most atomic.Int64
	// limit is that of the rules in force.
	limit int
}

// call is one call, which must be admitted. It reports whether it was.
func (l *line) call(tb testing.TB, guard grpc.UnaryClientInterceptor, method string) bool {
	tb.Helper()
	l.waiting.Add(1)
	err := guard(tb.Context(), method, nil, nil, nil, l.invoke)
	if err != nil {
		tb.Errorf("%s: %v; want every call to be admitted", method, err)
	}
	return err == nil
}

// invoke is the dependency.
func (l *line) invoke(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
	l.waiting.Add(-1)
	defer l.running.Add(-1)
	if n, most := l.running.Add(1), l.most.Load(); n > most {
		return fmt.Errorf("%d calls of %s at once; want at most %d", n, l.name, most)
	}
	time.Sleep(time.Duration(1+rand.IntN(5)) * time.Millisecond)
	return nil
}

// change says that another limit is about to be in force: until all that ran
// before have ended, more calls may run.
func (l *line) change(limit int) {
	l.limit = limit
	l.most.Store(max(int64(limit), l.most.Load()))
}

// settle says that the limit is in force, and checks the bulkhead while all is
// still.
func (l *line) settle(tb testing.TB, r *rules.Rules) {
	tb.Helper()
	b := bulkheadOf(tb, r, l.name)
	got, running, waiting := b.Snapshot(), int(l.running.Load()), int(l.waiting.Load())
	if got.InFlight != running || got.Waiting != waiting {
		tb.Errorf("%s: %d in flight, %d waiting; the calls say %d, %d", l.name, got.InFlight, got.Waiting, running, waiting)
	}
	if waiting > 0 && running < l.limit {
		tb.Errorf("%s: %d wait while %d of %d places are taken", l.name, waiting, running, l.limit)
	}
	l.most.Store(int64(max(l.limit, running)))
}

// bulkheadOf finds a live bulkhead by its name.
func bulkheadOf(tb testing.TB, r *rules.Rules, name string) *bulkhead.Bulkhead {
	tb.Helper()
	for l := range r.Live() {
		if b, ok := l.Policy.(*bulkhead.Bulkhead); ok && l.Name == name {
			return b
		}
	}
	tb.Fatalf("there is no bulkhead of %s", name)
	return nil
}

// changes are rules that keep every policy and change its values.
type changes struct {
	payments, own int // places
	// apart gives the method of its own bulkhead a rule of its own.
	apart bool
	odd   bool
}

func patient(places int) bulkhead.Config {
	return bulkhead.Config{MaxConcurrent: places, MaxQueue: 1000, MaxWait: time.Hour}
}

const (
	charge = "/shop.Payments/Charge"
	refund = "/shop.Payments/Refund"
	get    = "/shop.Catalog/Get"
	broken = "/shop.Broken/Get"
)

func (c changes) rules() []rules.Rule {
	payments := bulkhead.Each(patient(c.payments)).In("payments")
	open := breaker.Config{ConsecutiveFailures: 5, OpenFor: 10 * time.Hour, MaxOpenFor: 10 * time.Hour}
	rest := []rules.Template{
		timeout.Each(timeout.Config{Default: 30 * time.Minute}),
		ratelimit.Each(ratelimit.Config{PerSecond: 1e6, Burst: 1000}),
	}
	if c.odd {
		open.MinCalls = 7
		rest = rest[:1]
	}
	list := []rules.Rule{
		{Match: charge, Policies: []rules.Template{payments}},
		{Match: "/shop.Payments/*", Policies: append(rest[:1:1], payments)},
		{Match: "/shop.*", Policies: append(rest, breaker.Each(open), bulkhead.Each(patient(c.own)))},
	}
	if c.apart {
		list = append(list, rules.Rule{Match: get, Policies: []rules.Template{
			bulkhead.Each(patient(c.own)), breaker.Each(breaker.Config{WindowCalls: 50 + c.own}),
		}})
	}
	return list
}

// Rules change a thousand times under load, bulkheads shrink and grow with calls
// that wait, and bad rules come in between. No call fails because of it, no place
// is lost or doubled, and states stay.
func TestRulesChangeUnderLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list, err := rules.New(changes{payments: 3, own: 3}.rules())
		if err != nil {
			t.Fatal(err)
		}
		guard := interceptors.UnaryClientInterceptor(list)
		openCircuit(t, guard, list)
		lines := []*line{{name: "payments", methods: []string{charge, refund}}, {name: get, methods: []string{get}}}
		for _, l := range lines {
			l.change(3)
		}
		var load sync.WaitGroup
		stop := make(chan struct{})
		end := sync.OnceFunc(func() {
			close(stop)
			load.Wait()
		})
		defer end() // a test that fails would never end under load
		for _, l := range lines {
			for i := range 12 {
				load.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
							if !l.call(t, guard, l.methods[i%len(l.methods)]) {
								return // calls that are refused take no time: there would be no end of them
							}
						}
					}
				})
			}
		}
		for range 1000 {
			next := changes{1 + rand.IntN(10), 1 + rand.IntN(10), rand.IntN(2) == 0, rand.IntN(2) == 0}
			if rand.IntN(4) == 0 {
				refuseBad(t, list, next)
			} else {
				lines[0].change(next.payments)
				lines[1].change(next.own)
				if err := list.Apply(next.rules()); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			for _, l := range lines {
				l.settle(t, list)
			}
			wantOpen(t, list)
			time.Sleep(time.Duration(1+rand.IntN(3)) * time.Millisecond)
		}
		end()
		for l := range list.Live() {
			if b, ok := l.Policy.(*bulkhead.Bulkhead); ok && !b.Idle() {
				t.Errorf("%s: %+v in the end; want nobody in it", l.Name, b.Snapshot())
			}
		}
	})
}

// refuseBad applies rules of which one is bad.
func refuseBad(tb testing.TB, r *rules.Rules, c changes) {
	tb.Helper()
	bad := append(c.rules(), rules.Rule{Match: "*", Policies: []rules.Template{
		bulkhead.Each(bulkhead.Config{MaxConcurrent: -1}),
	}})
	if r.Apply(bad) == nil {
		tb.Error("bad rules were applied")
	}
}

// openCircuit opens the circuit of the broken method.
func openCircuit(tb testing.TB, guard grpc.UnaryClientInterceptor, r *rules.Rules) {
	tb.Helper()
	down := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return errDown }
	for range 5 {
		_ = guard(tb.Context(), broken, nil, nil, nil, down) // it fails, as it shall
	}
	wantOpen(tb, r)
}

// wantOpen requires that the broken method has the breaker that was opened in the
// beginning.
func wantOpen(tb testing.TB, r *rules.Rules) {
	tb.Helper()
	for l := range r.Live() {
		b, ok := l.Policy.(*breaker.Breaker)
		if !ok || l.Name != broken {
			continue
		}
		if s := b.Snapshot(); s.State == breaker.Closed {
			tb.Fatalf("%v; want it open, or to wait for a probe", s.State)
		}
		return
	}
	tb.Fatal("the broken method has no breaker")
}

func TestBuiltInRuleLiesBeneathTheOthers(t *testing.T) {
	t.Parallel()
	star := func(r rules.Rule) rules.Rule {
		r.Match = "*"
		return r
	}
	all := []policy.Side{policy.Client, policy.Server, policy.Local}
	for _, tt := range []struct {
		name  string
		rules []rules.Rule
		sides []policy.Side // that have the built-in rule
	}{
		{"no rules", nil, all},
		{"another match", []rules.Rule{{Match: "/a.*"}}, all},
		{"all", []rules.Rule{star(rules.Rule{})}, nil},
		{"one side", []rules.Rule{star(rules.Rule{Sides: all[:1]})}, all[1:]},
		{"all sides, each", []rules.Rule{star(rules.Rule{Sides: all[:1]}), star(rules.Rule{Sides: all[1:]})}, nil},
		{"one target", []rules.Rule{star(rules.Rule{Target: "dns:///a"})}, all},
		{"in shadow", []rules.Rule{star(rules.Rule{Shadow: true})}, all},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			list, err := interceptors.NewRules(tt.rules)
			if err != nil {
				t.Fatal(err)
			}
			for _, side := range all {
				built := len(list.Resolve(&policy.Call{Method: "/b.C/D", Side: side}).Policies()) > 0
				want := len(tt.sides) > 0 && (len(tt.sides) == len(all) || side != tt.rules[0].Sides[0])
				if built != want {
					t.Errorf("on side %v the built-in rule applies: %v; want %v", side, built, want)
				}
			}
		})
	}
}
