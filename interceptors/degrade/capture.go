package degrade

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Capture is a call option that stores what the server says of the response
// into r, once the call has ended: for a stream, once its end was read. It
// stores the zero Report, which knows nothing, if the server does not say. It
// needs the client interceptors of this package.
func Capture(r *Report) grpc.CallOption { return captureOption{report: r} }

// RequireComplete is a call option that makes an incomplete response an error,
// an [*IncompleteError]. The server is told, so that it need not go on with what
// cannot become complete. A response of which the server does not say whether
// it is complete is an error too. It needs the client interceptors of this
// package, and works on unary calls only.
func RequireComplete() grpc.CallOption { return requireOption{} }

type captureOption struct {
	grpc.EmptyCallOption

	report *Report
}

type requireOption struct{ grpc.EmptyCallOption }

// asked is what the options and the context of a call want to know.
type asked struct {
	captures []*Report
	required bool
	scoped   bool
}

// askedBy reads the options of a call. It allocates only where there is a
// Capture.
func askedBy(ctx context.Context, opts []grpc.CallOption) asked {
	var a asked
	for _, o := range opts {
		switch o := o.(type) {
		case captureOption:
			if o.report != nil {
				*o.report = Report{}
				a.captures = append(a.captures, o.report)
			}
		case requireOption:
			a.required = true
		}
	}
	attached, ok := attachmentOf(ctx)
	a.scoped = ok && attached.relation != unused
	return a
}

// nothing reports whether nobody wants to know anything.
func (a asked) nothing() bool { return !a.scoped && !a.required && len(a.captures) == 0 }

// outgoing is the context for the call itself.
func (a asked) outgoing(ctx context.Context) context.Context {
	if a.required {
		return metadata.AppendToOutgoingContext(ctx, RequireKey, RequireAll)
	}
	return ctx
}

// answer hands out what became known.
func (a asked) answer(ctx context.Context, r Report, failed bool) {
	for _, to := range a.captures {
		*to = r
	}
	if !failed {
		record(ctx, r)
	}
}

// RequiresComplete reports whether [RequireComplete] is among the options.
func RequiresComplete(opts []grpc.CallOption) bool {
	return slices.ContainsFunc(opts, func(o grpc.CallOption) bool {
		_, ok := o.(requireOption)
		return ok
	})
}

// Deliver tells whoever made a call under ctx with the given options that its
// response was not the server's but one that r speaks of: each [Capture] among
// the options, and the scope that ctx leads to. It is for interceptors outside
// of this package's that answer calls themselves, as those of package fallback.
func Deliver(ctx context.Context, opts []grpc.CallOption, r Report) {
	for _, to := range askedBy(ctx, opts).captures {
		*to = r
	}
	Merge(ctx, r)
}
