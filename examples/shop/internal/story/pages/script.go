package pages

import (
	"slices"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/story/expect"
	"github.com/afloat-go/afloat/examples/shop/internal/story/faults"
	"github.com/afloat-go/afloat/examples/shop/page"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// phase is one part of the act.
type phase struct {
	name  string
	lasts time.Duration
	// sick are the backends that are sick in this phase.
	sick []faults.Fault
	// forget: the copies of users are lost when the phase begins.
	forget bool
	// rule is one that is added to the others for as long as the phase lasts.
	rule string
	// suffers is the part of the page that its backends' sickness is about. Pages
	// say nothing of any other.
	suffers suffering
	// atLast is what pages may say in the last second, where all has settled by then.
	atLast suffering
	must   []expectation
}

// calm is how long the phases last in which nothing is sick.
const calm = 3 * time.Second

// phasesOf returns the whole act. The figures of its first phase go to healthy, for
// later phases to be compared with.
func phasesOf(cfg Config, healthy *Figures) []phase {
	const users, products = page.Users, page.Recommendations
	hangs := faults.Fault{Backend: products, How: system.Hanging}
	slows := faults.Fault{Backend: page.Alerts, How: system.Slow}
	fails := func(backend string) faults.Fault { return faults.Fault{Backend: backend, How: system.Failing} }
	sick := func(name string, as suffering, with ...faults.Fault) phase {
		return sickPhase(name, as, with, cfg, healthy)
	}
	return []phase{
		{name: "healthy", lasts: calm, must: []expectation{noneFailed, markedExactly, othersClosed}},
		sick("recommendations hangs", onEveryPage(products, degrade.Substituted), hangs),
		sick("history fails as well", onEveryPage(products, degrade.Defaulted), hangs, fails(page.History)),
		relief("history is well again", onEveryPage(products, degrade.Substituted), hangs),
		recovery(products, degrade.Substituted),
		sick("metrics fails", onEveryPage(page.Metrics, degrade.Missing), fails(page.Metrics)),
		recovery(page.Metrics, degrade.Missing),
		sick("alerts slows to 500 ms", onMostPages(page.Alerts, degrade.Missing), slows),
		ruled("alerts gets its own rule", lateAlerts, slows, cfg),
		recovery(page.Alerts, degrade.Missing),
		sick("users fails", onEveryPage(users, degrade.Stale), fails(users)),
		recovery(users, degrade.Stale),
		forgetful(sick("users fails, no copies", onEveryPage(users, degrade.Substituted), fails(users))),
		recovery(users, degrade.Substituted),
	}
}

// sickPhase returns a phase in which backends are sick. The pages must not suffer but
// for the one part, and what is sick must soon be left alone.
func sickPhase(name string, suffers suffering, sick []faults.Fault, cfg Config, healthy *Figures) phase {
	suffers.why = sick[0].Reasons()
	return phase{name: name, lasts: cfg.Phase, sick: sick, suffers: suffers, must: []expectation{
		noneFailed, markedExactly, marked(0.85),
		sickCutOff, othersClosed, reachedAtMost(reachable(cfg), 0.15),
		p99Within(page.Deadline),
		p50Near(healthy, 100*time.Millisecond),
	}}
}

// forgetful returns the same phase without copies of users.
func forgetful(p phase) phase {
	p.forget = true
	return p
}

// relief returns a phase in which one of two backends is well again, so that in the end
// the part is better than by default, though not as it should be.
func relief(name string, atLast suffering, sick faults.Fault) phase {
	atLast.why = sick.Reasons()
	suffers := atLast
	suffers.as = append(slices.Clip(atLast.as), degrade.Defaulted)
	return phase{name: name, lasts: calm, sick: []faults.Fault{sick}, suffers: suffers, atLast: atLast, must: []expectation{
		noneFailed, markedExactly, settled(0.99), sickCutOff, othersClosed,
	}}
}

// ruled returns a phase in which a rule is added while a backend is cut off. From then
// on it is let in again, though it is as sick as before.
func ruled(name, rule string, sick faults.Fault, cfg Config) phase {
	suffers := onMostPages(sick.Backend, degrade.Missing)
	suffers.why = sick.Reasons()
	return phase{name: name, lasts: hesitation + cfg.Phase, rule: rule, sick: []faults.Fault{sick}, suffers: suffers, must: []expectation{
		noneFailed, markedExactly, settled(0.99), ruleChanged, sickLetIn, othersClosed, p99Within(page.Deadline),
	}}
}

// recovery returns a phase after a sick one: the circuits must close, and the pages be
// complete again. Until then the part may be what it was before.
func recovery(part string, as degrade.State) phase {
	suffers := onMostPages(part, as)
	suffers.why = []degrade.Reason{degrade.ReasonCircuitOpen}
	return phase{name: "recovered", lasts: calm, suffers: suffers, must: []expectation{
		noneFailed, markedExactly, settled(0.99), othersClosed,
	}}
}

// reachable returns how many calls may reach a sick backend: those until it is noticed,
// for which twice SlowAfter is allowed, and then a probe each half of OpenFor,
// with a few to spare.
func reachable(cfg Config) int {
	const spare = 4
	detection := float64(cfg.Rate) * 2 * page.SlowAfter.Seconds()
	probes := 2 * cfg.Phase.Seconds() / page.OpenFor.Seconds()
	return int(detection+probes) + spare
}

// check returns what is not as it must be in this phase.
func (p phase) check(f Figures) []error { return expect.Unmet(f, p.must) }
