package fault

// Option is code that a Fault uses.
type Option interface{ apply(*Fault) }

type randOption func() float64

func (o randOption) apply(f *Fault) {
	if o != nil {
		f.rand = o
	}
}

// WithRand throws the dice by f, which returns numbers in [0, 1) and must be
// safe for concurrent use. It is called for each share above 0 of each call, for
// the delay first. Default: math/rand/v2. Nil: the default.
func WithRand(f func() float64) Option { return randOption(f) }
