// Package recovery finds the function that a program has for panics, where what panics runs
// on a goroutine of ours, which the program's own recovery does not see.
package recovery

import "context"

// Key is the key of the [Handler] in a context.
type Key struct{}

// Handler is told of a panic. It is as in the recovery interceptors of go-grpc-middleware;
// its error is not used.
type Handler = func(ctx context.Context, p any) error

// Of returns the handler of a context, nil if it has none.
func Of(ctx context.Context) Handler {
	h, _ := ctx.Value(Key{}).(Handler)
	return h
}
