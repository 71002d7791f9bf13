package trial

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Kind says what a program's calls are made under.
type Kind string

// The kinds of guards.
const (
	// Bare is no guard at all: what grpc-go does by itself.
	Bare Kind = "bare"
	// OutOfReach has every policy in the way of calls, with limits that nothing meets.
	OutOfReach Kind = "limits out of reach"
	// WithoutDeadline is the built-in rule but for the deadline that it gives to unary calls
	// which have none. Servers see that deadline, and some look for it.
	WithoutDeadline Kind = "the built-in rule without its deadline"
	// BuiltIn is the built-in rule alone, as [interceptors.Default] has it.
	BuiltIn Kind = "the built-in rule"
)

// Kinds returns every kind.
func Kinds() []Kind { return []Kind{Bare, OutOfReach, WithoutDeadline, BuiltIn} }

// Guard is what a program's calls are made under, and what is seen of it. It is safe for
// concurrent use. The zero Guard is [Bare].
type Guard struct {
	rules *rules.Rules
	seen  *seen
}

// New returns a guard of a kind. Each event is told to the functions as well, as one line.
func New(kind Kind, tell ...func(line string)) (*Guard, error) {
	switch kind {
	case Bare:
		return &Guard{}, nil
	case OutOfReach:
		return NewRules([]rules.Rule{outOfReach()}, tell...)
	case WithoutDeadline:
		return NewRules([]rules.Rule{withoutDeadline()}, tell...)
	case BuiltIn:
		return NewRules(nil, tell...)
	default:
		return nil, fmt.Errorf("kind = %q; must be one of %q", kind, Kinds())
	}
}

// NewRules returns a guard of some rules, with the built-in rule beneath them.
func NewRules(list []rules.Rule, tell ...func(line string)) (*Guard, error) {
	s := &seen{opened: map[string]int{}, refused: map[string]int{}, tell: tell}
	made, err := interceptors.NewRules(list, rules.WithObserver(s))
	if err != nil {
		return nil, err
	}
	return &Guard{made, s}, nil
}

// outOfReach returns a rule whose limits nothing meets. It has no timeout: a default
// deadline would reach servers.
func outOfReach() rules.Rule {
	return rules.Rule{Match: "*", Policies: []rules.Template{
		breaker.Each(breaker.Config{
			FailureRatio: breaker.Off, ConsecutiveFailures: 1_000_000, SlowAfter: breaker.Off,
		}),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 100_000, MaxStreams: 100_000}).Per(rules.PerTarget),
	}}
}

// withoutDeadline returns the built-in rule without its timeout.
func withoutDeadline() rules.Rule {
	rule := interceptors.BuiltIn()
	rule.Policies = slices.DeleteFunc(rule.Policies, func(t rules.Template) bool { return t.Kind == "timeout" })
	return rule
}

// DialOptions returns what puts the guard around a connection's calls.
func (g *Guard) DialOptions(opts ...interceptors.ClientOption) []grpc.DialOption {
	if g.rules == nil {
		return nil
	}
	return interceptors.DialOptions(g.rules, opts...)
}

// ServerOptions returns what puts the guard around a server's calls.
func (g *Guard) ServerOptions(opts ...interceptors.ServerOption) []grpc.ServerOption {
	if g.rules == nil {
		return nil
	}
	return interceptors.ServerOptions(g.rules, opts...)
}

// Opened returns how often circuits opened, by "method: cause", in order.
func (g *Guard) Opened() []string {
	if g.seen == nil {
		return nil
	}
	return g.seen.list(g.seen.opened)
}

// Refused returns how many calls were refused, by "method: reason", in order.
func (g *Guard) Refused() []string {
	if g.seen == nil {
		return nil
	}
	return g.seen.list(g.seen.refused)
}

// Held returns how many places are taken by calls and streams.
func (g *Guard) Held() int {
	if g.rules == nil {
		return 0
	}
	n := 0
	counted := map[*bulkhead.Bulkhead]bool{} // those that several methods share
	for _, chain := range g.rules.All() {
		for _, p := range chain.Policies() {
			if b, ok := p.(*bulkhead.Bulkhead); ok && !counted[b] {
				counted[b] = true
				s := b.Snapshot()
				n += s.InFlight + s.Streams
			}
		}
	}
	return n
}

// HeldAtLast returns how many places are still taken after all calls have ended. Streams
// settle on goroutines of their own, so it waits for up to a time.
func (g *Guard) HeldAtLast(within time.Duration) int {
	limit := time.NewTimer(within)
	defer limit.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		if n := g.Held(); n == 0 {
			return 0
		}
		select {
		case <-look.C:
		case <-limit.C:
			return g.Held()
		}
	}
}

// seen is an observer that counts.
type seen struct {
	policy.NopObserver

	mu              sync.Mutex
	opened, refused map[string]int
	tell            []func(line string)
}

// Transition implements [policy.Observer].
func (s *seen) Transition(t policy.Transition) {
	if t.To == breaker.Open.String() {
		s.count("opened", s.opened, fmt.Sprintf("%s: %s", t.Name, t.Cause))
	}
}

// Rejected implements [policy.Observer]. Who is gone already has lost nothing.
func (s *seen) Rejected(ctx context.Context, call *policy.Call, r policy.Rejected) {
	if ctx.Err() != nil {
		return
	}
	s.count("refused", s.refused, fmt.Sprintf("%s: %s", call.Method, policy.ReasonOf(r.Err)))
}

// count counts an event and tells it.
func (s *seen) count(what string, in map[string]int, key string) {
	s.mu.Lock()
	in[key]++
	s.mu.Unlock()
	for _, f := range s.tell {
		f(what + " " + key)
	}
}

// list returns counts as lines, in order.
func (s *seen) list(counts map[string]int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		lines = append(lines, fmt.Sprintf("%s (%d)", key, counts[key]))
	}
	return lines
}
