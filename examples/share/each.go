package share

import (
	"errors"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// kind is what rejections and rules call this policy.
const kind = "share"

// Each returns a template that makes one Share per key: per method, unless
// another scope is set. Faults of cfg are reported when the rules are built.
// When the rules change, calls in flight stay counted.
func Each(cfg Config) rules.Template {
	return rules.Template{
		Kind:   kind,
		Config: cfg,
		New: func(key rules.Key) (policy.Policy, error) {
			s, err := New(key.Name, cfg.under(key))
			if err != nil {
				return nil, err // not s, which would be a policy that is no nil
			}
			return s, nil
		},
		Update: func(key rules.Key, p policy.Policy) error {
			s, ok := p.(*Share)
			if !ok {
				return errors.New("share: the policy is no Share")
			}
			return s.Update(cfg.under(key))
		},
	}
}

// under returns c for a policy of that key: in a shadow rule it only watches.
func (c Config) under(key rules.Key) Config {
	c.Shadow = c.Shadow || key.Shadow
	return c
}
