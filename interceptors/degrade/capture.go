package degrade

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Capture is a call option that stores the server's report of the response in r
// when the call has ended; for a stream, when its end has been read. If the
// server sends no report, it stores the zero [Report], which knows nothing. It
// needs the client interceptors of this package.
func Capture(r *Report) grpc.CallOption { return captureOption{report: r} }

// RequireComplete is a call option that turns an incomplete response into an
// error, an [*IncompleteError]. The server learns of the requirement, so that it
// can stop work on a response that cannot become complete. A response without a
// report is an error too. RequireComplete needs the client interceptors of this
// package and works on unary calls only.
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

// nothing reports whether neither the options nor the context ask for anything.
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

// Deliver reports r for the response of a call made under ctx with the given
// options, in place of the server's report: it goes to each [Capture] among the
// options and to the scope of ctx. It is for interceptors outside this
// package's that answer calls themselves, such as that of package fallback.
func Deliver(ctx context.Context, opts []grpc.CallOption, r Report) {
	for _, to := range askedBy(ctx, opts).captures {
		*to = r
	}
	Merge(ctx, r)
}
