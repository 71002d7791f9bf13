package fallback

import "github.com/afloat-go/afloat/interceptors/internal/validate"

// Option changes how chains and clients work.
type Option interface{ apply(*options) }

type options struct{ observer Observer }

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithObserver tells o of the steps. Default: no observer, and so with a nil o.
func WithObserver(o Observer) Option {
	return optionFunc(func(opts *options) { opts.observer = o })
}

func optionsOf(opts []Option) (options, error) {
	var o options
	if err := validate.Options("fallback", opts); err != nil {
		return o, err
	}
	for _, opt := range opts {
		opt.apply(&o)
	}
	return o, nil
}
