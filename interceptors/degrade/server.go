package degrade

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/internal/markerfield"
	"github.com/afloat-go/afloat/interceptors/internal/recovery"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// UnaryServerInterceptor gathers, for each call, what the handler, its fan-outs
// and its calls report of the response, and sends it to the client: in the
// response's field for markers if it has one, else in a trailer. A short header
// says how many fields are degraded, "0" if none is. A failed call gets no
// header, because that would switch off gRPC's retries.
//
// The handler's response is never modified: if there is something to add, a
// shallow copy is sent. A call without degraded fields costs one allocation,
// besides those that gRPC makes for the header.
//
// Metadata keys that begin with "afloat-" are for one hop. The handler does not see
// its caller's, and those that it sends, as when it passes on what one of its calls
// received, are left out.
func UnaryServerInterceptor(opts ...ServerOption) grpc.UnaryServerInterceptor {
	return UnaryServerInterceptorAround(nil, opts...)
}

// UnaryServerInterceptorAround returns a [UnaryServerInterceptor] with another interceptor
// directly inside of it, which may be nil: none. A chain of both would cost each call an
// allocation.
func UnaryServerInterceptorAround(inside grpc.UnaryServerInterceptor, opts ...ServerOption) grpc.UnaryServerInterceptor {
	if inside == nil {
		inside = handOn
	}
	s := newServer(opts)
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if s.fault != nil {
			return nil, s.fault
		}
		r := newRequest(ctx, s, true)
		resp, err := inside(r, req, info, handler) //nolint:contextcheck // it is the caller's, with more in it
		if err != nil {
			return resp, s.edge.failure(err, &r.calls)
		}
		return s.deliver(ctx, info.FullMethod, resp, r)
	}
}

// handOn is an interceptor that does nothing.
func handOn(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	return handler(ctx, req)
}

// StreamServerInterceptor does for streams what [UnaryServerInterceptor] does for
// unary calls. The report on all messages together goes into the trailer, with the
// summary.
func StreamServerInterceptor(opts ...ServerOption) grpc.StreamServerInterceptor {
	s := newServer(opts)
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if s.fault != nil {
			return s.fault
		}
		r := newRequest(ss.Context(), s, false)
		stream := &serverStream{ServerStream: ss, request: r}
		if err := handler(srv, stream); err != nil {
			return s.edge.failure(err, &r.calls)
		}
		report := r.scope.Close()
		if stream.sent != nil && !report.Complete() {
			tellUnknown(report, info.FullMethod, stream.sent)
		}
		s.tell(ss.Context(), Response{Method: info.FullMethod, Unregistered: srv == nil, Report: report})
		return s.deliverAfter(ss, report)
	}
}

// ServerOption changes how servers deliver reports.
type ServerOption interface{ apply(s *server) }

// WithEdge removes what callers outside the trust boundary must not see: what is for
// operators, such as [Marker.Source], and the markers in nested messages, which are about
// other services' responses.
//
// Of a failed call such a server sends the code, a fixed text and RetryInfo, if the
// error is one of afloat's, or is or wraps one that a guarded call returned which was
// made for the request, or is a copy of such an error's status. The text and the details
// of other errors are sent if they have one of the codes of [WithPublicCodes]. An
// [*IncompleteError] on the response itself keeps its reason and its markers.
//
// Not recognised are the errors of calls that were made with another context than the
// request's, and text of errors that are no status in another text, as by %v. See
// docs/edge.md, which says what is sent, field by field.
func WithEdge() ServerOption {
	return serverOptionFunc(func(s *server) { s.guardEdge(false) })
}

// WithSilence does what [WithEdge] does, and removes everything else that callers could
// see of afloat: there are no markers in responses, headers, trailers or errors. Callers
// may still require completeness: with [RequireComplete] an incomplete response is an
// error, which names no field.
func WithSilence() ServerOption {
	return serverOptionFunc(func(s *server) { s.guardEdge(true) })
}

// WithPublicCodes replaces the codes with which a handler's own errors keep their text
// and details on a server with [WithEdge] or [WithSilence]. Each is from 1 to 16. With
// none, no error keeps them. Default: INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS,
// PERMISSION_DENIED, FAILED_PRECONDITION, OUT_OF_RANGE and UNAUTHENTICATED.
//
// If a code is none of these, or the server has no edge, every call fails with an
// INTERNAL that says so.
func WithPublicCodes(list ...codes.Code) ServerOption {
	return serverOptionFunc(func(s *server) { s.public = append([]codes.Code{}, list...) })
}

// WithRecoveryHandler tells h of panics on goroutines of afloat's under the calls of the
// server, see [policy.WithRecoveryHandler]. Default: nobody but the log, and so with a nil
// h.
func WithRecoveryHandler(h func(ctx context.Context, p any) error) ServerOption {
	return serverOptionFunc(func(s *server) { s.recovery = h })
}

// WithObserver tells o of every response, including complete ones. Default: no
// observer, and so with a nil o.
func WithObserver(o Observer) ServerOption {
	return serverOptionFunc(func(s *server) {
		if s.observer = o; validate.IsNil(o) {
			s.observer = nil
		}
	})
}

// serverOptionFunc is an option as a function.
type serverOptionFunc func(*server)

func (f serverOptionFunc) apply(s *server) { f(s) }

// server delivers reports.
type server struct {
	edge     *edge        // nil: callers are inside the trust boundary
	public   []codes.Code // as configured, nil: the default
	observer Observer     // nil: nobody
	recovery recovery.Handler
	// fault is what is wrong with the options: the error of every call.
	fault error
}

// newServer returns a server with the given options.
func newServer(opts []ServerOption) *server {
	s := &server{}
	for _, o := range opts {
		o.apply(s)
	}
	switch {
	case s.public == nil:
	case s.edge == nil:
		s.fault = status.Error(codes.Internal, "degrade: public codes = set; must be unset without WithEdge or WithSilence")
	default:
		s.fault = s.edge.publish(s.public)
	}
	return s
}

// guardEdge makes the server one at the edge, for good.
func (s *server) guardEdge(silent bool) {
	if s.edge == nil {
		s.edge = newEdge()
	}
	s.edge.silent = s.edge.silent || silent
}

// deliver sends what the request's scope gathered, and returns the response to send.
// The context is that of the server, not the handler's.
func (s *server) deliver(ctx context.Context, method string, resp any, handled *request) (any, error) {
	m, isMessage := resp.(proto.Message)
	r := handled.scope.Close()
	if isMessage {
		r = r.with(FromResponse(m))
	}
	if err := handled.scope.required.unmet(r); err != nil {
		return nil, s.edge.failure(err, &handled.calls)
	}
	s.tell(ctx, Response{Method: method, Report: r})
	if isMessage && !r.Complete() {
		tellUnknown(r, method, m.ProtoReflect().Descriptor())
	}
	r = s.edge.report(r)
	if isMessage {
		resp = s.prepared(m, r)
	}
	if s.edge.isSilent() {
		return resp, nil
	}
	return resp, sendBeside(ctx, resp, r)
}

// deliverAfter sends the report of a stream in its trailer.
func (s *server) deliverAfter(ss grpc.ServerStream, r Report) error {
	if s.edge.isSilent() {
		return nil
	}
	r = s.edge.report(r)
	ss.SetTrailer(metadata.Pairs(SummaryKey, r.Summary()))
	if r.Complete() {
		return nil
	}
	trailer, err := toTrailer(r)
	if err == nil {
		ss.SetTrailer(trailer)
	}
	return err
}

// tell tells the observer, if there is one.
func (s *server) tell(ctx context.Context, r Response) {
	if s.observer == nil {
		return
	}
	defer contain.Panic()
	s.observer.Answered(ctx, r)
}

// prepared returns the message to send: m itself if there is nothing to change. At
// the edge, m's own markers are always made anew, because invalid parts of them
// are not in any report.
func (s *server) prepared(m proto.Message, r Report) proto.Message {
	if s.edge != nil {
		m = markerfield.WithoutNested(m)
	}
	if !markerfield.In(m.ProtoReflect().Descriptor()) {
		return m
	}
	switch own := FromResponse(m); {
	case !own.known && (!r.known || r.Complete()), s.edge == nil && !overfull(m) && proto.Equal(r.Proto(), own.Proto()):
		return m
	}
	m = markerfield.ShallowCopy(m)
	SetResponse(m, r)
	return m
}

// allWell is the summary of every complete response. gRPC copies it.
var allWell = metadata.Pairs(SummaryKey, NewReport().Summary()) //nolint:gochecknoglobals // a constant

// sendBeside sends in metadata what the response itself has no field for.
func sendBeside(ctx context.Context, resp any, r Report) error {
	m, ok := resp.(proto.Message)
	if inside := ok && markerfield.In(m.ProtoReflect().Descriptor()); !inside && !r.Complete() {
		trailer, err := toTrailer(r)
		if err != nil {
			return err
		}
		sendTrailer(ctx, trailer)
	}
	summary := allWell
	if !r.Complete() {
		summary = metadata.Pairs(SummaryKey, r.Summary())
	}
	if grpc.SetHeader(ctx, summary) != nil {
		sendTrailer(ctx, summary) // the handler has sent the headers already
	}
	return nil
}

// sendTrailer sends metadata in the trailer. It ignores the error: it means that no
// gRPC server called the handler, so there is no one to send to.
func sendTrailer(ctx context.Context, md metadata.MD) { _ = grpc.SetTrailer(ctx, md) }
