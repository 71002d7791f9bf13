package main

import (
	"context"
	"time"
)

// request is the context of a call as handlers have it: with a deadline, which is
// far away.
type request struct{ context.Context } //nolint:containedctx // it is a context

func newRequest() context.Context { return request{context.Background()} }

// Deadline is an hour after the program was started.
func (request) Deadline() (time.Time, bool) { return farAway, true }

var farAway = time.Now().Add(time.Hour) //nolint:gochecknoglobals // a constant
