package rules

import "github.com/afloat-go/afloat/interceptors/policy"

// Watcher is implemented by an [Observer] that inspects rules from time to time,
// for example to report the states of their policies as metrics.
type Watcher interface {
	// Watch is called when the rules are built, and again after each change of
	// them. It must not keep the rules from being garbage collected.
	Watch(r *Rules)
}

// watch shows r to o, if that looks at rules.
func watch(o policy.Observer, r *Rules) {
	if w, ok := o.(Watcher); ok {
		defer func() { _ = recover() }()
		w.Watch(r)
	}
}
