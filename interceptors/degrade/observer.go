package degrade

import "context"

// Observer hears what a server reports of its responses. It must be safe for
// concurrent use and must not block. Its panics are recovered and dropped.
type Observer interface {
	// Answered: a call was answered. The response has the full report, even if
	// [WithEdge] or [WithSilence] keeps parts of it from callers.
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
