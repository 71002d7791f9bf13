package overload

import (
	"errors"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/pressure"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Option changes how a controller is built.
type Option interface{ apply(*options) }

type options struct {
	name  string
	meter *pressure.Meter
}

// optionsOf puts the options together.
func optionsOf(opts []Option) options {
	var all options
	for _, o := range opts {
		o.apply(&all)
	}
	return all
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithName names the controller in its rejections and in its [Snapshot]. Default: no name,
// but the name of the key for one made by [Each].
func WithName(name string) Option { return optionFunc(func(o *options) { o.name = name }) }

// WithMeter makes the controller read the scheduler from m and report its pressure there.
// Default, and with nil: the meter of the process.
func WithMeter(m *pressure.Meter) Option { return optionFunc(func(o *options) { o.meter = m }) }

// Each returns a template that makes one controller for all calls to one target, or on one
// server, unless another scope is set with [rules.Template.Per]. A controller has the name
// of its key unless opts name it. Faults of cfg are reported when the rules are built.
// When the rules change, controllers take over the new mode; one whose name changes is made
// anew. In a shadow rule, controllers are in [Shadow].
func Each(cfg Config, opts ...Option) rules.Template {
	watching := Config{Mode: Shadow}
	fault := errors.Join(cfg.validate(), validate.Options(kind, opts))
	under := func(key rules.Key) *Config {
		if key.Shadow && cfg.Mode != Exempt {
			return &watching
		}
		return &cfg
	}
	named := func(key rules.Key) options {
		if fault != nil {
			return options{}
		}
		o := optionsOf(opts)
		if o.name == "" {
			o.name = key.Name
		}
		return o
	}
	return rules.TemplateOf(kind, cfg,
		func(key rules.Key) (*Control, error) { return newControl(under(key), named(key)), fault },
		func(key rules.Key, c *Control) error {
			if c.name != named(key).name {
				return rules.ErrOther
			}
			c.use(under(key))
			return nil
		},
	).Per(rules.PerTarget)
}
