package ratelimit

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
