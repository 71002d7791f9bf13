package degrade

import "context"

// Observer hears what a server says of its responses. It must be safe for
// concurrent use and must not block; one that panics harms nothing.
type Observer interface {
	// Answered: a call was answered, and the report is what is known of the
	// response. It is the whole report, whatever of it may leave the server.
	Answered(ctx context.Context, r Response)
}

// Response is what there is to say about an answered call.
type Response struct {
	// Method is the full method.
	Method string
	// Unregistered: nobody registered the method, its name is whatever the client
	// made up.
	Unregistered bool
	// Report says which fields are degraded. That of a stream is about all its
	// messages.
	Report Report
}

// WithObserver has o hear of every response, complete ones too. A nil o is
// nobody, which is the default.
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
