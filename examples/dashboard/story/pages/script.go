package pages

import (
	"time"

	"github.com/afloat-go/afloat/examples/dashboard/dashboard"
	"github.com/afloat-go/afloat/examples/dashboard/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// phase is one part of the act.
type phase struct {
	name  string
	lasts time.Duration
	// sick is the backend that is sick in this phase, empty if none is, and how
	// in which way.
	sick string
	how  system.Sickness
	// forget: the copies of users are lost when the phase begins.
	forget bool
	must   []expectation
}

// calm is how long the phases last in which nothing is sick.
const calm = 3 * time.Second

// phasesOf is the whole act. The figures of its first phase go to healthy, for
// later phases to be compared with.
func phasesOf(cfg Config, healthy *Figures) []phase {
	return []phase{
		{name: "healthy", lasts: calm, must: []expectation{
			noneFailed, noneSilent, noneWrong, inFull(0.995), othersClosed,
		}},
		sickPhase("recommendations hangs", dashboard.Recommendations, system.Hanging, degrade.Defaulted, cfg, healthy),
		recovery(),
		sickPhase("metrics fails", dashboard.Metrics, system.Failing, degrade.Missing, cfg, healthy),
		recovery(),
		sickPhase("alerts slows to 500 ms", dashboard.Alerts, system.Slow, degrade.Missing, cfg, healthy),
		recovery(),
		sickPhase("users fails", dashboard.Users, system.Failing, degrade.Stale, cfg, healthy),
		recovery(),
		forgetful(sickPhase("users fails, no copies", dashboard.Users, system.Failing, degrade.Substituted, cfg, healthy)),
		recovery(),
	}
}

// sickPhase is a phase in which one backend is sick. The pages must not suffer
// but for its own part, which is in the given state, and it must soon be left alone.
func sickPhase(name, sick string, how system.Sickness, as degrade.State, cfg Config, healthy *Figures) phase {
	return phase{name: name, lasts: cfg.Phase, sick: sick, how: how, must: []expectation{
		noneFailed, noneSilent, noneWrong, healthyParts(0.99), othersClosed, sickCutOff,
		marked(0.9, as), reachedAtMost(reachable(cfg), 0.15),
		p99Within(dashboard.Deadline),
		p50Near(healthy, 100*time.Millisecond),
	}}
}

// forgetful is the same phase without copies of users.
func forgetful(p phase) phase {
	p.forget = true
	return p
}

// recovery is a phase after a sick one: the circuit must close, and the pages
// be complete again.
func recovery() phase {
	return phase{name: "recovered", lasts: calm, must: []expectation{
		noneFailed, noneSilent, noneWrong, othersClosed, inFullAtTheEnd(0.99),
	}}
}

// reachable is how many calls may reach a sick backend: those until it is
// noticed, for which twice SlowAfter is allowed, and then a probe each time its
// circuit has been open, with a few to spare.
func reachable(cfg Config) int {
	const spare = 4
	detection := float64(cfg.Rate) * 2 * dashboard.SlowAfter.Seconds()
	probes := cfg.Phase.Seconds() / (0.8 * dashboard.MaxOpenFor.Seconds())
	return int(detection+probes) + spare
}

// check returns what is not as it must be in this phase.
func (p phase) check(f Figures) []error {
	var unmet []error
	for _, holds := range p.must {
		if err := holds(f); err != nil {
			unmet = append(unmet, err)
		}
	}
	return unmet
}
