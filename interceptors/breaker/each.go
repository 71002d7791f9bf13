package breaker

import (
	"errors"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Option sets what a breaker has besides its [Config].
type Option interface{ apply(*options) }

type options struct {
	name       string
	classifier policy.Classifier
	observer   policy.Observer
}

// optionsOf puts the options together. A nil one is a fault of its own.
func optionsOf(opts []Option) options { return options{}.with(opts) }

// with returns o with the options in place of what it has.
func (o options) with(opts []Option) options {
	if len(opts) == 0 {
		return o
	}
	all := o // what is set through an interface lives on the heap
	for _, opt := range opts {
		if opt != nil {
			opt.apply(&all)
		}
	}
	return all
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithName names the breaker in refusals and reports. Default: no name, but the
// name of the key for one made by [Each].
func WithName(name string) Option {
	return optionFunc(func(o *options) { o.name = name })
}

// WithClassifier classifies the ends of calls with f in place of
// policy.Classify. A nil f changes nothing.
func WithClassifier(f policy.Classifier) Option {
	return optionFunc(func(o *options) { o.classifier = f })
}

// WithObserver reports transitions, in order, and late results to observer, which
// is called outside the breaker's lock and may use the breaker. Nil: no observer.
// Default: none, but the observer of the rules for a breaker made by [Each].
func WithObserver(observer policy.Observer) Option {
	return optionFunc(func(o *options) { o.observer = observer })
}

// Each returns a template that makes one breaker for each method that a rule
// matches, or for each service or target (see [rules.Template.Per]). Bad
// configuration is reported when the rules are built. When the rules change,
// breakers take over the new configuration and classifier; a breaker whose name
// changes is made anew. In a shadow rule the breakers are in mode Shadow, and it is
// a fault to force them open or closed.
//
// On a server a breaker judges the server's own handlers and refuses its callers. So a
// rule without sides puts none there, unless it is asked for, see [rules.Rule.Sides].
func Each(cfg Config, opts ...Option) rules.Template {
	// Both are shared by all breakers until one is updated.
	enforced, err := newSettings(cfg, optionsOf(opts).classifier)
	watching, shadowErr := shadowSettings(cfg, optionsOf(opts).classifier)
	fault := validate.Options(kind, opts)
	err, shadowErr = errors.Join(err, fault), errors.Join(shadowErr, fault)
	settingsFor := func(k rules.Key) (*settings, error) {
		if k.Shadow {
			return watching, shadowErr
		}
		return enforced, err
	}
	optionsFor := func(k rules.Key) options { return options{name: k.Name, observer: k.Observer}.with(opts) }
	t := rules.TemplateOf(kind, cfg.withDefaults(),
		func(k rules.Key) (*Breaker, error) {
			s, err := settingsFor(k)
			if err != nil {
				return nil, err
			}
			return newBreaker(s, optionsFor(k)), nil
		},
		func(k rules.Key, b *Breaker) error {
			if b.name != optionsFor(k).name {
				return rules.ErrOther
			}
			s, err := settingsFor(k)
			if err == nil {
				b.use(s)
			}
			return err
		},
	)
	t.Varies = len(opts) > 0 // two may judge by classifiers of their own
	return t
}

// newBreaker returns a breaker by settings that others may share. Its first phase is
// in the same piece of memory: where there are many methods, each detour is a cache
// miss.
func newBreaker(s *settings, o options) *Breaker {
	b := new(struct {
		Breaker

		first closed
	})
	b.name, b.observer = o.name, policy.Observe(o.observer)
	b.chance.Seed(b.name)
	b.settings.Store(s)
	if forcedBy(s.Mode) == Automatic {
		b.first.init(&b.Breaker, s)
		b.enterLocked(&b.first, causeMode, figures{}, policy.Now(), 0) // nobody else has b yet
	} else {
		enterModeLocked(&b.Breaker, s.Mode, causeMode, policy.Now())
	}
	return &b.Breaker
}

// shadowSettings returns the settings of cfg in a shadow rule.
func shadowSettings(cfg Config, classifier policy.Classifier) (*settings, error) {
	f := validate.Of("breaker")
	f.Require(forcedBy(cfg.Mode) == Automatic || !cfg.Mode.valid(), "mode", cfg.Mode, "automatic or shadow in a shadow rule")
	if cfg.Mode == Automatic {
		cfg.Mode = Shadow
	}
	s, err := newSettings(cfg, classifier)
	return s, errors.Join(f.Err(), err)
}
