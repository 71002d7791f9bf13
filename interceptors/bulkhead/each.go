package bulkhead

import (
	"errors"
	"slices"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Each returns a template that makes one bulkhead per key: per method and
// target, unless another scope is set with [rules.Template.Per]. A bulkhead has
// the name of its key unless opts name it. Faults of cfg are reported when the
// rules are built. When the rules change, bulkheads take over the new
// configuration; a bulkhead whose name changes is made anew. In a shadow rule,
// bulkheads have Shadow set.
func Each(cfg Config, opts ...Option) rules.Template {
	optionsFor := func(key rules.Key) []Option { return append(slices.Clip(opts), keyName(key.Name)) }
	return rules.Template{
		Kind: kind, Config: cfg,
		New: func(key rules.Key) (policy.Policy, error) {
			b, err := New(cfg.under(key), optionsFor(key)...)
			if err != nil {
				return nil, err
			}
			return b, nil
		},
		Update: func(key rules.Key, p policy.Policy) error {
			b, ok := p.(*Bulkhead)
			if !ok || b.name != optionsOf(optionsFor(key)).name {
				return errOther
			}
			return b.Update(cfg.under(key))
		},
	}
}

// under is c in the rule of the key: a shadow rule only watches.
func (c Config) under(key rules.Key) Config {
	c.Shadow = c.Shadow || key.Shadow
	return c
}

// errOther says that a bulkhead is not one that a template of this name would make.
var errOther = errors.New("bulkhead: the policy is no bulkhead of this name")
