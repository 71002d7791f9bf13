package degrade

import "context"

// Observer hears what a server reports of its responses. It must be safe for
// concurrent use and must not block. Its panics are recovered and dropped.
type Observer interface {
	// Answered: a call was answered. The response has the full report, even if
	// [Edge] or [Silent] keeps parts of it from callers.
	Answered(ctx context.Context, r Response)
}

// Response describes the response of an answered call.
type Response struct {
	// Method is the full method.
	Method string
	// Unregistered: the server has no such method, so Method is whatever the
	// client made up.
	Unregistered bool
	// Report says which fields are degraded. That of a stream covers all its
	// messages.
	Report Report
}

// WithObserver tells o of every response, including complete ones. Default: no
// observer, and so with a nil o.
func WithObserver(o Observer) ServerOption { return observerOption{o} }

type observerOption struct{ observer Observer }

func (o observerOption) apply(s *server) { s.observer = o.observer }

// tell tells the observer, if there is one.
func (s *server) tell(ctx context.Context, r Response) {
	if s.observer == nil {
		return
	}
	defer func() { _ = recover() }()
	s.observer.Answered(ctx, r)
}
