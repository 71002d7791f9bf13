package degrade

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

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
	return resp, deliverBeside(ctx, resp, r)
}

// outward is the part of a report that callers may see.
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

// prepared is the message to send: m itself if there is nothing to change. At
// the edge, m's own markers are always made anew, because invalid parts of them
// are not in any report.
func (s *server) prepared(m proto.Message, r Report) proto.Message {
	if s.edge {
		m = withoutNested(m)
	}
	if !HasField(m.ProtoReflect().Descriptor()) {
		return m
	}
	switch own := FromResponse(m); {
	case !own.known && (!r.known || r.Complete()), !s.edge && proto.Equal(r.Proto(), own.Proto()):
		return m
	}
	m = shallowCopy(m)
	SetResponse(m, r)
	return m
}

// shallowCopy returns a message with the same fields, whose values are shared.
func shallowCopy(m proto.Message) proto.Message {
	from := m.ProtoReflect()
	to := from.New()
	from.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		to.Set(fd, v)
		return true
	})
	to.SetUnknown(from.GetUnknown())
	return to.Interface()
}

// allWell is the summary of every complete response. gRPC copies it.
var allWell = metadata.Pairs(SummaryKey, NewReport().Summary()) //nolint:gochecknoglobals // a constant

// deliverBeside sends in metadata what has no place in the response itself.
func deliverBeside(ctx context.Context, resp any, r Report) error {
	m, ok := resp.(proto.Message)
	if inside := ok && HasField(m.ProtoReflect().Descriptor()); !inside && !r.Complete() {
		trailer, err := r.trailer(MaxTrailerBytes)
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

// sendTrailer ignores the error: it means that no gRPC server called the
// handler, so there is no one to send to.
func sendTrailer(ctx context.Context, md metadata.MD) { _ = grpc.SetTrailer(ctx, md) }

// with returns both reports together. What both claim counts once, because a
// fan-out writes the same report into the response and to the scope.
func (r Report) with(other Report) Report {
	if !other.known {
		return r
	}
	markers := append([]Marker(nil), r.markers...)
	for _, m := range other.markers {
		if !claims(r.markers, m) {
			markers = append(markers, m)
		}
	}
	return Report{
		known:     true,
		truncated: r.truncated || other.truncated,
		dropped:   max(r.dropped, other.dropped),
		markers:   normal(markers),
	}
}

func claims(markers []Marker, m Marker) bool {
	for _, own := range markers {
		if sameClaim(own, m) {
			return true
		}
	}
	return false
}
