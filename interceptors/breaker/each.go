package breaker

import (
	"errors"
	"slices"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Each returns a template that makes one breaker for each method that a rule
// matches, or for each service or target (see [rules.Template.Per]). Bad
// configuration is reported when the rules are built. When the rules change,
// breakers take over the new configuration and classifier; a breaker whose name
// changes is made anew. In a shadow rule the breakers are in mode Shadow, and it is
// a fault to force them open or closed.
func Each(cfg Config, opts ...Option) rules.Template {
	// Both are shared by all breakers until one is updated.
	enforced, err := newSettings(cfg, optionsOf(opts).classifier)
	watching, shadowErr := shadowSettings(cfg, optionsOf(opts).classifier)
	settingsFor := func(k rules.Key) (*settings, error) {
		if k.Shadow {
			return watching, shadowErr
		}
		return enforced, err
	}
	optionsFor := func(k rules.Key) options {
		return optionsOf(slices.Concat([]Option{WithName(k.Name), WithObserver(k.Observer)}, opts))
	}
	return rules.Template{
		Kind: "breaker", Config: cfg.withDefaults(),
		New: func(k rules.Key) (policy.Policy, error) {
			s, err := settingsFor(k)
			if err := errors.Join(err, validate.Options("breaker", opts)); err != nil {
				return nil, err
			}
			return newBreaker(s, optionsFor(k)), nil
		},
		Update: func(k rules.Key, p policy.Policy) error {
			b, ok := p.(*Breaker)
			if !ok || b.name != optionsFor(k).name {
				return errOther
			}
			s, err := settingsFor(k)
			if err == nil {
				b.use(s)
			}
			return err
		},
	}
}

// shadowSettings are those of cfg in a shadow rule.
func shadowSettings(cfg Config, classifier policy.Classifier) (*settings, error) {
	f := validate.Of("breaker")
	f.Require(forcedBy(cfg.Mode) == Automatic || !cfg.Mode.valid(), "mode", cfg.Mode, "automatic or shadow in a shadow rule")
	if cfg.Mode == Automatic {
		cfg.Mode = Shadow
	}
	s, err := newSettings(cfg, classifier)
	return s, errors.Join(f.Err(), err)
}

// errOther says that a breaker is not one that a template of this name would make.
var errOther = errors.New("breaker: the policy is no breaker of this name")
