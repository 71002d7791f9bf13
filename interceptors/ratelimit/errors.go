package ratelimit

import "errors"

// What errors.Is finds in refusals.
var (
	// ErrLimited: there is no token, and none soon enough to wait for.
	ErrLimited = errors.New("ratelimit: no token")
	// ErrDeadline: the call's deadline passed, or would have, before its token
	// came.
	ErrDeadline = errors.New("ratelimit: deadline before the next token")
	// ErrCancelled: the caller gave up while waiting.
	ErrCancelled = errors.New("ratelimit: cancelled while waiting")
)
