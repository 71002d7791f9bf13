package degrade

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/internal/markerfield"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// UnaryServerInterceptor gathers, for each call, what the handler, its fan-outs
// and its calls report of the response, and sends it to the client: in the
// response's field for markers if it has one, else in a trailer. A short header
// says how many fields are degraded, "0" if none is. A failed call gets no
// header, because that would switch off gRPC's retries.
//
// The handler's response is never modified: if there is something to add, a
// shallow copy is sent. A call without degraded fields costs two allocations,
// besides those that gRPC makes for the header.
func UnaryServerInterceptor(opts ...ServerOption) grpc.UnaryServerInterceptor {
	s := newServer(opts)
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		scoped, scope := openResponse(ctx, requires(ctx))
		resp, err := handler(scoped, req)
		if err != nil {
			return resp, s.failure(err)
		}
		return s.deliver(ctx, info.FullMethod, resp, scope)
	}
}

// StreamServerInterceptor does for streams what [UnaryServerInterceptor] does for
// unary calls. The report on all messages together goes into the trailer, with the
// summary.
func StreamServerInterceptor(opts ...ServerOption) grpc.StreamServerInterceptor {
	s := newServer(opts)
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx, scope := openResponse(ss.Context(), false)
		if err := handler(srv, &serverStream{ServerStream: ss, ctx: ctx, server: s}); err != nil {
			return s.failure(err)
		}
		r := scope.Close()
		s.tell(ss.Context(), Response{Method: info.FullMethod, Unregistered: srv == nil, Report: r})
		return s.deliverAfter(ss, r)
	}
}

// requires reports whether the client wants the response complete or not at
// all.
func requires(ctx context.Context) bool {
	return slices.Contains(metadata.ValueFromIncomingContext(ctx, RequireKey), RequireAll)
}

// ServerOption changes how servers deliver reports.
type ServerOption interface{ apply(s *server) }

// WithEdge removes what is for operators, such as [Marker.Source], and the markers in
// nested messages, which are about other services' responses. It is for servers
// whose callers are outside the trust boundary.
func WithEdge() ServerOption { return serverOptionFunc(func(s *server) { s.edge = true }) }

// WithSilence removes everything that callers could see of afloat: there are no
// markers in responses, headers, trailers or errors. Callers may still require
// completeness: with [RequireComplete] an incomplete response is an error, which
// names no field.
func WithSilence() ServerOption {
	return serverOptionFunc(func(s *server) { s.edge, s.silent = true, true })
}

// WithObserver tells o of every response, including complete ones. Default: no
// observer, and so with a nil o.
func WithObserver(o Observer) ServerOption {
	return serverOptionFunc(func(s *server) { s.observer = o })
}

// serverOptionFunc is an option as a function.
type serverOptionFunc func(*server)

func (f serverOptionFunc) apply(s *server) { f(s) }

// server delivers reports.
type server struct {
	edge   bool // sends nothing that is for operators
	silent bool // and of the rest nothing either

	observer Observer // nil: nobody
}

// newServer returns a server with the given options.
func newServer(opts []ServerOption) *server {
	s := &server{}
	for _, o := range opts {
		o.apply(s)
	}
	return s
}

// deliver sends what the scope gathered, and returns the response to send.
func (s *server) deliver(ctx context.Context, method string, resp any, scope *Scope) (any, error) {
	m, isMessage := resp.(proto.Message)
	r := scope.Close()
	if isMessage {
		r = r.with(FromResponse(m))
	}
	if scope.required && !r.Complete() {
		return nil, s.failure(r.Err())
	}
	s.tell(ctx, Response{Method: method, Report: r})
	r = s.outward(r)
	if isMessage {
		resp = s.prepared(m, r)
	}
	if s.silent {
		return resp, nil
	}
	return resp, sendBeside(ctx, resp, r)
}

// deliverAfter sends the report of a stream in its trailer.
func (s *server) deliverAfter(ss grpc.ServerStream, r Report) error {
	if s.silent {
		return nil
	}
	r = s.outward(r)
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

// outward returns the part of a report that callers may see.
func (s *server) outward(r Report) Report {
	switch {
	case s.silent:
		return Report{}
	case s.edge:
		return r.stripped()
	default:
		return r
	}
}

// prepared returns the message to send: m itself if there is nothing to change. At
// the edge, m's own markers are always made anew, because invalid parts of them
// are not in any report.
func (s *server) prepared(m proto.Message, r Report) proto.Message {
	if s.edge {
		m = markerfield.WithoutNested(m)
	}
	if !markerfield.In(m.ProtoReflect().Descriptor()) {
		return m
	}
	switch own := FromResponse(m); {
	case !own.known && (!r.known || r.Complete()), !s.edge && !overfull(m) && proto.Equal(r.Proto(), own.Proto()):
		return m
	}
	m = markerfield.ShallowCopy(m)
	SetResponse(m, r)
	return m
}

// failure returns the error to send for a handler's error: at the edge without
// details for operators, else unchanged.
func (s *server) failure(err error) error {
	if incomplete, ok := errors.AsType[*IncompleteError](err); s.silent && ok {
		return status.Error(incomplete.GRPCStatus().Code(), "the response is incomplete")
	}
	if st, ok := status.FromError(err); s.edge && ok {
		return s.strippedStatus(st, err)
	}
	return err
}

// strippedStatus returns err. If its details hold markers, which may name
// sources, it returns a status like err without them.
func (s *server) strippedStatus(st *status.Status, err error) error {
	changed := st.Proto()
	var kept []*anypb.Any
	found := false
	for _, detail := range changed.GetDetails() {
		if isReport(detail) {
			found = true
			if s.silent || !strip(detail) {
				continue // nobody is to know, or can tell, what is in it
			}
		}
		kept = append(kept, detail)
	}
	if !found {
		return err
	}
	changed.Details = kept
	return status.FromProto(changed).Err()
}

// strip removes from a detail of a status what is for operators, and reports whether
// it could read the detail.
func strip(detail *anypb.Any) bool {
	var d degradev1.Degradation
	return detail.UnmarshalTo(&d) == nil &&
		detail.MarshalFrom(capped(reading{}.message(&d, nil).stripped(), MaxTrailerBytes)) == nil
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
