package bulkhead

import (
	"cmp"
	"errors"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Option changes how a bulkhead is built.
type Option interface{ apply(*options) }

type options struct {
	name     string
	backstop bool
}

func optionsOf(opts []Option) options {
	if len(opts) == 0 {
		return options{}
	}
	var all options // set through an interface, it lives on the heap
	for _, o := range opts {
		o.apply(&all)
	}
	return all
}

// WithName names the bulkhead in its rejections and in its [Snapshot]. Default:
// no name, but the name of the key for one made by [Each].
func WithName(name string) Option { return nameOption(name) }

// WithBackstop makes the bulkhead one that is there only for want of something better: it
// leaves calls alone that are under the overload control of their server, see package
// overload. Default: it counts every call.
func WithBackstop() Option { return backstopOption{} }

type backstopOption struct{}

func (backstopOption) apply(o *options) { o.backstop = true }

type nameOption string

func (n nameOption) apply(o *options) { o.name = string(n) }

// Each returns a template that makes one bulkhead per key: per method and
// target, unless another scope is set with [rules.Template.Per]. A bulkhead has
// the name of its key unless opts name it. Faults of cfg are reported when the
// rules are built. When the rules change, bulkheads take over the new
// configuration; a bulkhead whose name changes is made anew. In a shadow rule,
// bulkheads have Shadow set.
func Each(cfg Config, opts ...Option) rules.Template {
	watching := cfg
	watching.Shadow = true
	fault := errors.Join(cfg.validate(), validate.Options(kind, opts))
	// Both are shared by all bulkheads until one is updated.
	under := func(key rules.Key) *Config {
		if key.Shadow {
			return &watching
		}
		return &cfg
	}
	named := func(key rules.Key) options {
		if fault != nil {
			return options{name: key.Name}
		}
		o := optionsOf(opts)
		o.name = cmp.Or(o.name, key.Name)
		return o
	}
	return rules.TemplateOf(kind, cfg,
		func(key rules.Key) (*Bulkhead, error) {
			return newBulkhead(under(key), named(key)), fault
		},
		func(key rules.Key, b *Bulkhead) error {
			if (options{b.name, b.backstop}) != named(key) {
				return rules.ErrOther
			}
			b.use(under(key))
			return nil
		},
	)
}
