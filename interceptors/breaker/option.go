package breaker

import "github.com/afloat-go/afloat/interceptors/policy"

// Option sets what a breaker has besides its [Config].
type Option interface{ apply(*options) }

type options struct {
	name       string
	classifier policy.Classifier
	observer   policy.Observer
}

// optionsOf puts the options together. A nil one is a fault of its own.
func optionsOf(opts []Option) options {
	var all options
	for _, o := range opts {
		if o != nil {
			o.apply(&all)
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
