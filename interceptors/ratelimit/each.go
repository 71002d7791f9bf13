package ratelimit

import (
	"errors"
	"slices"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Each returns a template that makes one limiter per key: per method and target,
// unless another scope is set with [rules.Template.Per]. A limiter has the name of
// its key unless opts name it. Faults of cfg are reported when the rules are built.
// When the rules change, limiters take over the new configuration; a limiter whose
// name changes is made anew. In a shadow rule, limiters have Shadow set.
func Each(cfg Config, opts ...Option) rules.Template {
	optionsFor := func(key rules.Key) []Option { return append(slices.Clip(opts), keyName(key.Name)) }
	return rules.Template{
		Kind: kind, Config: cfg.withDefaults(),
		New: func(key rules.Key) (policy.Policy, error) {
			l, err := New(cfg.under(key), optionsFor(key)...)
			if err != nil {
				return nil, err
			}
			return l, nil
		},
		Update: func(key rules.Key, p policy.Policy) error {
			l, ok := p.(*Limiter)
			if !ok || l.name != optionsOf(optionsFor(key)).name {
				return errOther
			}
			return l.Update(cfg.under(key))
		},
	}
}

// under is c in the rule of the key: a shadow rule only watches.
func (c Config) under(key rules.Key) Config {
	c.Shadow = c.Shadow || key.Shadow
	return c
}

// errOther says that a limiter is not one that a template of this name would make.
var errOther = errors.New("ratelimit: the policy is no limiter of this name")
