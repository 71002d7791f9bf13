// Package outside tells which interceptors stand outside of the one that asks, on the way
// of one call: they are on the stack, since each calls the next. Looking costs a
// microsecond, so it is for what happens once.
package outside

import (
	"runtime"
	"strings"
)

// Count returns how many functions around its caller have a name that is wanted, up to
// where the call was made. The caller itself is one of them. A name is as the runtime has
// it, as in "github.com/a/b.Interceptor.func1"; each closure counts as its own.
func Count(wanted func(function string) bool) int {
	const most = 128 // a call with more around it is not looked at to its end
	var pcs [most]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	n := 0
	for {
		f, more := frames.Next()
		if wanted(f.Function) {
			n++
		}
		if !more || isBegin(f.Function) {
			return n
		}
	}
}

// isBegin reports whether a call begins in a function: what is outside of it is another
// call, as of an interceptor that fetches a token.
func isBegin(function string) bool {
	return strings.HasSuffix(function, ").Invoke") || strings.HasSuffix(function, ").NewStream") ||
		strings.HasPrefix(function, "google.golang.org/grpc.(*Server).")
}

// IsRetry reports whether a function is a retry interceptor of go-grpc-middleware, of
// whatever version.
func IsRetry(function string) bool {
	return strings.Contains(function, "go-grpc-middleware") && strings.Contains(function, "retry.") &&
		(strings.Contains(function, "retry.UnaryClientInterceptor.") || strings.Contains(function, "retry.StreamClientInterceptor."))
}
