package main

import (
	"slices"
	"strings"

	"github.com/afloat-go/afloat/internal/lab"
)

// job is a sample to take.
type job struct {
	World, System string
	Rate, Runs    int
}

// How many runs there are of afloat's default and of the others, and how many where there
// are the most calls.
const (
	runs, busyRuns           = 50, 20
	otherRuns, otherBusyRuns = 3, 1
	busy                     = 1000
)

// plan returns all jobs of the report.
func plan() []job {
	var all []job
	for _, w := range lab.Worlds() {
		for _, rate := range w.Rates {
			for _, s := range systemsIn(&w) {
				all = append(all, job{w.Name, s.Name, rate, runsOf(&w, s.Name, rate)})
			}
		}
	}
	return all
}

// systemsIn returns the systems that are set against a world.
func systemsIn(w *lab.World) []lab.System {
	if isLearning(w) {
		return append([]lab.System{afloat()}, byHandEach()...)
	}
	all := append([]lab.System{afloat()}, others()...)
	if strings.HasPrefix(w.Name, "replica-") {
		all = append(all, forSpeed())
	}
	return all
}

// worldOf returns the world of that name, one without rates if there is none.
func worldOf(name string) lab.World {
	w, err := lab.Find(name)
	if err != nil {
		return lab.World{Name: name}
	}
	return w
}

// isLearning reports whether a world is about what has to be learned: it is of no
// interest to those who learn nothing.
func isLearning(w *lab.World) bool { return strings.HasPrefix(w.Name, "learns-") }

// runsOf returns how many runs a world is worth with a system at a rate.
func runsOf(w *lab.World, system string, rate int) int {
	n, most := otherRuns, otherBusyRuns
	switch {
	case system == nameAfloat:
		n, most = runs, busyRuns
	case isLearning(w):
		n, most = w.Runs, w.Runs
	case w.Runs > 0:
		return otherBusyRuns
	}
	if rate >= busy && w.Runs == 0 {
		n = most
	}
	if w.Runs > 0 {
		n = min(n, w.Runs)
	}
	return n
}

// book has the samples that were taken.
type book map[entry]lab.Sample

// entry is where a sample is found.
type entry struct {
	world, system string
	rate          int
}

// of returns the sample of a system in a world.
func (b book) of(world, system string, rate int) lab.Sample { return b[entry{world, system, rate}] }

// add enters the sample of a job.
func (b book) add(j job, s lab.Sample) { b[entry{j.World, j.System, j.Rate}] = s }

// take takes the sample of a job.
func take(j job) (lab.Sample, error) {
	w, err := lab.Find(j.World)
	if err != nil {
		return nil, err
	}
	known := systemsIn(&w)
	i := slices.IndexFunc(known, func(s lab.System) bool { return s.Name == j.System })
	return lab.Take(&w, known[i], j.Rate, j.Runs)
}
