package fault

import (
	"errors"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/rules"
)

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

// Each returns a template that makes one fault policy per key: per method and
// target, unless another scope is set with [rules.Template.Per]. Bad
// configuration is reported when the rules are built, and so is a shadow rule,
// because a fault cannot only watch. A change of the rules also changes the
// faults that have not struck yet. To switch faults at run time without changing
// the rules, make a Fault with [New] and put it into rules with [rules.Use].
func Each(cfg Config, opts ...Option) rules.Template {
	return rules.TemplateOf(kind, cfg.withDefaults(),
		func(key rules.Key) (*Fault, error) {
			f, err := New(cfg, opts...)
			return f, errors.Join(err, validate.Enforced(kind, key.Shadow))
		},
		func(_ rules.Key, f *Fault) error {
			if f.Config() == cfg.withDefaults() {
				return nil // streams that await their fault go on to do so
			}
			return f.Update(cfg)
		},
	)
}
