package rules

import (
	"log/slog"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// DefaultMaxKeys is the default of [WithMaxKeys].
const (
	DefaultMaxKeys = 4096
	maxMaxKeys     = 1 << 20
)

// Option changes how rules are built.
type Option interface{ apply(*Rules) }

type optionFunc func(*Rules)

func (f optionFunc) apply(r *Rules) { f(r) }

// WithObserver tells o of the calls of all chains of the rules, and of what the
// policies made for them report. Default: no observer, and so with a nil o.
func WithObserver(o policy.Observer) Option {
	return optionFunc(func(r *Rules) {
		if validate.IsNil(o) {
			o = nil
		}
		r.heard = o
		r.options = []policy.ChainOption{policy.WithObserver(o)}
	})
}

// WithMaxKeys bounds the number of (target, method) pairs for which rules keep
// policies. Range [1, 1048576]. Default 4096.
func WithMaxKeys(n int) Option {
	return optionFunc(func(r *Rules) { r.room.maxKeys = n })
}

// WithLogger sets the logger of what operators do by hand, see [Steering]. Default, and if l
// is nil: slog.Default() at the time of each record.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(r *Rules) { r.steering.logger = l })
}

// Watcher is implemented by a [policy.Observer] that inspects rules from time to time,
// for example to report the states of their policies as metrics.
type Watcher interface {
	// Watch is called when the rules are built, and again after each change of
	// them. It must not keep the rules from being garbage collected.
	Watch(r *Rules)
}

// watch shows r to o, if that looks at rules.
func watch(o policy.Observer, r *Rules) {
	if w, ok := o.(Watcher); ok {
		defer contain.Panic()
		w.Watch(r)
	}
}
