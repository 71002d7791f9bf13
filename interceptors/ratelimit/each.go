package ratelimit

import (
	"slices"

	"github.com/afloat-go/afloat/interceptors/rules"
)

// Option changes how a limiter is built.
type Option interface{ apply(*options) }

type options struct{ name string }

func optionsOf(opts []Option) options {
	var all options
	for _, o := range opts {
		o.apply(&all)
	}
	return all
}

// WithName names the limiter in its rejections and in its [Snapshot]. Default:
// no name, but the name of the key for one made by [Each].
func WithName(name string) Option { return nameOption(name) }

type nameOption string

func (n nameOption) apply(o *options) { o.name = string(n) }

// keyName names what [Each] makes, unless the user's options named it.
type keyName string

func (n keyName) apply(o *options) {
	if o.name == "" {
		o.name = string(n)
	}
}

// Each returns a template that makes one limiter per key: per method and target,
// unless another scope is set with [rules.Template.Per]. A limiter has the name of
// its key unless opts name it. Faults of cfg are reported when the rules are built.
// When the rules change, limiters take over the new configuration; a limiter whose
// name changes is made anew. In a shadow rule, limiters have Shadow set.
func Each(cfg Config, opts ...Option) rules.Template {
	under := func(key rules.Key) Config {
		own := cfg
		own.Shadow = cfg.Shadow || key.Shadow
		return own
	}
	optionsFor := func(key rules.Key) []Option { return append(slices.Clip(opts), keyName(key.Name)) }
	return rules.TemplateOf(kind, cfg.withDefaults(),
		func(key rules.Key) (*Limiter, error) { return New(under(key), optionsFor(key)...) },
		func(key rules.Key, l *Limiter) error {
			if l.name != optionsOf(optionsFor(key)).name {
				return rules.ErrOther
			}
			return l.Update(under(key))
		},
	)
}
