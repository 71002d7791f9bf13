package breaker

import "github.com/afloat-go/afloat/interceptors/policy"

// Option is code that a breaker uses.
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

// WithName names the breaker in refusals and reports. Default: empty.
func WithName(name string) Option {
	return optionFunc(func(o *options) { o.name = name })
}

// WithClassifier reads the ends of calls by f in place of policy.Classify. A
// nil f changes nothing.
func WithClassifier(f policy.Classifier) Option {
	return optionFunc(func(o *options) { o.classifier = f })
}

// WithObserver reports transitions, in order, and late results to observer. It is
// called outside the breaker's lock and may use the breaker. Nil: nobody.
func WithObserver(observer policy.Observer) Option {
	return optionFunc(func(o *options) { o.observer = observer })
}
