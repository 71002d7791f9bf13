package breaker

import (
	"errors"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Option is code that a breaker uses.
type Option interface{ apply(*Breaker) }

type optionFunc func(*Breaker)

func (f optionFunc) apply(b *Breaker) { f(b) }

// WithName names the breaker in refusals and reports. Default: empty.
func WithName(name string) Option {
	return optionFunc(func(b *Breaker) { b.name = name })
}

// WithClassifier reads the ends of calls by f in place of policy.Classify. A
// nil f changes nothing.
func WithClassifier(f policy.Classifier) Option {
	return optionFunc(func(b *Breaker) { b.classifier = f })
}

// WithObserver reports transitions, in order, and late results to o. It is
// called outside the breaker's lock and may use the breaker. Nil: nobody.
func WithObserver(o policy.Observer) Option {
	return optionFunc(func(b *Breaker) { b.observer = policy.Observe(o) })
}

// Each makes one breaker for each method that a rule meets, or for each service
// or target (see [policy.Template.Per]). Bad configuration is reported when the
// rules are built.
func Each(cfg Config, opts ...Option) policy.Template {
	settings, err := newSettings(cfg) // shared by all of them until one is updated
	err = errors.Join(err, validate.Options("breaker", opts))
	return policy.Template{New: func(k policy.Key) (policy.Policy, error) {
		if err != nil {
			return nil, err
		}
		own := []Option{WithName(k.Name), WithObserver(k.Observer)}
		return newBreaker(settings, append(own, opts...)), nil
	}}
}
