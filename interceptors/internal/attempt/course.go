package attempt

// Taker hears that a run has ended.
type Taker interface {
	// Took is called once for each run, from any goroutine: there is an answer. If
	// not ok, all steps failed that were tried, and there are only their failures.
	Took(ok bool)
}

// course is how a run goes on after a step.
type course uint8

const (
	next      course = iota // the next step is for the same goroutine to run
	over                    // the taker has heard of the end
	elsewhere               // the step had been left behind
)
