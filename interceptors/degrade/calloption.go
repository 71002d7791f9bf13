package degrade

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Capture returns a call option that stores the server's report of the response in
// r when the call has ended; for a stream, when its end has been read. If the
// server sends no report, it stores the zero [Report], which knows nothing. It
// needs the client interceptors of this package: without them r knows nothing, whatever it
// knew before, and to ask it is a [misuse.ReportUnread].
func Capture(r *Report) grpc.CallOption {
	if r != nil {
		*r = Report{unread: true}
	}
	return captureOption{report: r}
}

// Deliver reports r for the response of a call made under ctx with the given
// options, in place of the server's report: it goes to each [Capture] among the
// options and to the scope of ctx. It is for code that answers calls in place of
// a server: client interceptors with a cache or a fallback, and test doubles of
// connections. If the options require more of the response, Deliver returns an
// [*IncompleteError], which must be the error of the call.
func Deliver(ctx context.Context, opts []grpc.CallOption, r Report) error {
	wants := wishesOf(ctx, opts)
	for _, to := range wants.captures {
		*to = r
	}
	if err := wants.required.unmet(r); err != nil {
		return err
	}
	Merge(ctx, r)
	return nil
}

// captureOption is a Capture.
type captureOption struct {
	grpc.EmptyCallOption

	report *Report
}

// wishes is what the options and the context of a call want to know.
type wishes struct {
	captures []*Report
	required requirement
	scoped   bool
	to       attachment // if scoped
}

// wishesOf reads the context and the options of a call. It allocates only where
// there is a Capture.
func wishesOf(ctx context.Context, opts []grpc.CallOption) wishes {
	var w wishes
	for _, o := range opts {
		switch o := o.(type) {
		case captureOption:
			if o.report != nil {
				*o.report = Report{}
				w.captures = append(w.captures, o.report)
			}
		case requireOption:
			w.required.add(o.requirement)
		}
	}
	a, ok := attachmentOf(ctx)
	w.to, w.scoped = a, ok && a.relation != unused
	return w
}

// none reports whether neither the options nor the context want to know anything.
func (w wishes) none() bool { return !w.scoped && w.required.none() && len(w.captures) == 0 }

// others returns the options for gRPC: those that are not of this package.
func (w wishes) others(opts []grpc.CallOption) []grpc.CallOption {
	if w.required.none() && len(w.captures) == 0 {
		return opts
	}
	return slices.DeleteFunc(slices.Clone(opts), func(o grpc.CallOption) bool {
		switch o.(type) {
		case captureOption, requireOption:
			return true
		default:
			return false
		}
	})
}

// outgoing returns the context for the call itself. What a handler forwards of its
// caller's metadata must not ask in the caller's name. Streams are not asked to be complete.
func (w wishes) outgoing(ctx context.Context, streams bool) context.Context {
	if md, ok := metadata.FromOutgoingContext(ctx); ok {
		if own := withoutOwn(md); len(own) < len(md) {
			ctx = metadata.NewOutgoingContext(ctx, own)
		}
	}
	if streams || w.required.none() {
		return ctx
	}
	return w.required.send(ctx)
}

// reading returns how the server's report is read: in full, if anybody but the scope wants
// to see it.
func (w wishes) reading() reading {
	if !w.required.none() || len(w.captures) > 0 {
		return reading{}
	}
	return w.to.reading()
}

// answered hands out what became known of a response. A refused one is an error like any
// other to the scope.
func (w wishes) answered(r Report, refused bool) {
	for _, to := range w.captures {
		*to = r
	}
	if w.scoped && !refused && !r.Complete() {
		w.to.report(r.received())
	}
}

// failed hands out what became known of a failed call, and returns the error that its
// caller gets. It says nothing to the scope.
func (w wishes) failed(err error) error {
	for _, to := range w.captures {
		*to = FromError(err)
	}
	if w.required.none() {
		return err
	}
	return refusalOf(err)
}
