package breaker

import (
	"errors"
	"slices"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Each makes one breaker for each method that a rule meets, or for each service
// or target (see [policy.Template.Per]). Bad configuration is reported when the
// rules are built. When the rules change, breakers take over the configuration and
// the classifier; one whose name changes is made anew.
func Each(cfg Config, opts ...Option) policy.Template {
	s, err := newSettings(cfg, optionsOf(opts).classifier) // shared by all of them until one is updated
	err = errors.Join(err, validate.Options("breaker", opts))
	optionsFor := func(k policy.Key) options {
		return optionsOf(slices.Concat([]Option{WithName(k.Name), WithObserver(k.Observer)}, opts))
	}
	return policy.Template{
		Kind: "breaker", Config: cfg.withDefaults(),
		New: func(k policy.Key) (policy.Policy, error) {
			if err != nil {
				return nil, err
			}
			return newBreaker(s, optionsFor(k)), nil
		},
		Update: func(k policy.Key, p policy.Policy) error {
			b, ok := p.(*Breaker)
			if !ok || b.name != optionsFor(k).name {
				return errOther
			}
			b.use(s)
			return nil
		},
	}
}

// errOther says that a breaker is not one that a template of this name would make.
var errOther = errors.New("breaker: the policy is no breaker of this name")
