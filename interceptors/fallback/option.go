package fallback

import "github.com/afloat-go/afloat/interceptors/internal/validate"

// Option changes how chains and clients work.
type Option interface{ apply(*options) }

type options struct{ observer Observer }

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithObserver has o hear of the steps. A nil o is nobody, which is the default.
// One that panics harms nothing.
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
