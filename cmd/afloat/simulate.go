package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/internal/lab"
)

// simulation is a rule set against a world.
type simulation struct {
	method, world string
	rate, seeds   int
}

// The bounds and defaults of the flags.
const (
	defaultRate, mostRate   = 400, 10_000
	defaultSeeds, mostSeeds = 20, 1000
	// anyMethod is one that only a rule for "*" is for.
	anyMethod = "/any.Service/Method"
)

// addFlags adds those of the simulation.
func (s *simulation) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&s.world, "world", "", "the name of a world; list prints all")
	flags.StringVar(&s.method, "method", anyMethod, "the method whose rule is tried")
	flags.IntVar(&s.rate, "rate", defaultRate, "calls a second, of all clients together, 1 to 10000")
	flags.IntVar(&s.seeds, "seeds", defaultSeeds, "runs, each with other luck, 1 to 1000")
}

// validate returns all faults of the flags.
func (s *simulation) validate() error {
	var faults []error
	if _, err := lab.Find(s.world); err != nil && s.world != listWorlds {
		faults = append(faults, fmt.Errorf("flag -%w; or %s, to print what happens in each", err, listWorlds))
	}
	if s.rate < 1 || s.rate > mostRate {
		faults = append(faults, fmt.Errorf("flag -rate = %d; must be in [1, %d]", s.rate, mostRate))
	}
	if s.seeds < 1 || s.seeds > mostSeeds {
		faults = append(faults, fmt.Errorf("flag -seeds = %d; must be in [1, %d]", s.seeds, mostSeeds))
	}
	if service, name, ok := strings.Cut(strings.TrimPrefix(s.method, "/"), "/"); !ok || service == "" || name == "" || !strings.HasPrefix(s.method, "/") {
		faults = append(faults, fmt.Errorf(`flag -method = %q; must be a full method, as in "/shop.v1.Payments/Charge"`, s.method))
	}
	return errors.Join(faults...)
}

// listWorlds is in the place of a world's name to print all.
const listWorlds = "list"

// runSimulate sets the rule of a method against a world, and tells what it does.
func runSimulate(args []string, std stdio) int {
	var s simulation
	a, exit, ok := parse("simulate", args, std, s.addFlags)
	if !ok {
		return exit
	}
	if err := s.validate(); err != nil {
		return failed(std, err)
	}
	if s.world == listWorlds {
		printWorlds(std.out)
		return exitGood
	}
	if len(a.files) > 1 {
		return failed(std, fmt.Errorf("%d files; must be one", len(a.files)))
	}
	c, exit := a.read(a.files[0], std)
	if exit != exitGood {
		return exit
	}
	if err := s.tell(std.out, c); err != nil {
		return failed(std, err)
	}
	return exitGood
}

// printWorlds prints the names of all worlds, and what happens in them.
func printWorlds(out io.Writer) {
	for _, f := range lab.Families() {
		fmt.Fprintf(out, "%s:\n", f.Title)
		for _, w := range f.Worlds {
			fmt.Fprintf(out, "  %-28s %s\n", w.Name, w.About)
		}
	}
}

// tell runs the simulation and tells what came of it.
func (s *simulation) tell(out io.Writer, c *check) error {
	w, err := lab.Find(s.world)
	if err != nil {
		return err
	}
	call := policy.Call{Method: s.method, Target: c.target, Side: c.side}
	system := lab.Policies
	found := c.of(method{s.method, policy.Unary})
	if slices.ContainsFunc(found, func(r config.RuleInForce) bool { return blocks(templates(r, c.side)) }) {
		system = lab.Blocking
	}
	sample, err := lab.Take(&w, system("rules", call, newChain(c.made, call)), s.rate, s.seeds)
	if err != nil {
		return err
	}
	s.head(out, c, &w, found)
	(&verdict{out, sample, &w}).print()
	return nil
}

// blocks reports whether policies hold calls back.
func blocks(all []rules.Template) bool {
	return slices.ContainsFunc(all, func(t rules.Template) bool {
		switch cfg := t.Config.(type) {
		case bulkhead.Config:
			return cfg.MaxQueue > 0
		case ratelimit.Config:
			return cfg.MaxWait > 0
		default:
			return false
		}
	})
}

// newChain makes the rules anew for each run, so that none begins where another ended.
func newChain(made []config.Option, call policy.Call) lab.NewChain {
	return func(_ *lab.World, _ string, observer policy.Observer) (*policy.Chain, error) {
		heard := config.WithPolicyOptions(rules.WithObserver(listener{to: observer}))
		set, err := config.New(append(slices.Clip(made), heard)...)
		if err != nil {
			return nil, err
		}
		asked := call
		return set.Rules().Resolve(&asked), nil
	}
}

// listener hears of transitions alone, so that calls cost no more.
type listener struct {
	policy.NopObserver

	to policy.Observer
}

// Interest returns that nothing is needed for each call.
func (listener) Interest() policy.Interest { return policy.Interest{} }

// Transition passes a transition on.
func (l listener) Transition(t policy.Transition) { l.to.Transition(t) }

// head tells what is set against what.
func (s *simulation) head(out io.Writer, c *check, w *lab.World, found []config.RuleInForce) {
	if len(found) == 0 {
		fmt.Fprintf(out, "%s: no rule is for it, so its calls are not guarded\n", s.method)
	}
	for _, r := range found {
		var kinds []string
		for _, t := range templates(r, c.side) {
			kinds = append(kinds, cmp.Or(t.Kind, "unnamed"))
		}
		trial := ""
		if r.Shadow {
			trial = ", on trial"
		}
		fmt.Fprintf(out, "%s: rule %s of %s%s: %s\n", s.method, r.Match, cmp.Or(r.Place, r.Source.String()), trial, cmp.Or(strings.Join(kinds, ", "), "no policy"))
	}
	fmt.Fprintf(out, "%s: %s\n", w.Name, w.About)
	clients := ""
	if w.Clients > 1 {
		clients = fmt.Sprintf(" of %d clients together", w.Clients)
	}
	fmt.Fprintf(out, "%d calls a second%s, with deadlines of %v; runs: %d\n\n", s.rate, clients, w.Deadline, s.seeds)
}
