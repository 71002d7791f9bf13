package fault

// Option sets what a Fault has besides its [Config].
type Option interface{ apply(*Fault) }

type randOption func() float64

func (o randOption) apply(f *Fault) {
	if o != nil {
		f.rand = o
	}
}

// WithRand sets the source of random numbers: f returns numbers in [0, 1) and
// must be safe for concurrent use. For each call it is called once per share
// above 0, for the delay first. Default: math/rand/v2. Nil: the default.
func WithRand(f func() float64) Option { return randOption(f) }
