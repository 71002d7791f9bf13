package degrade

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// transport is gRPC's stream of a call, for a handler that sends metadata with
// grpc.SetHeader, grpc.SendHeader and grpc.SetTrailer.
type transport struct {
	grpc.ServerTransportStream

	edge *edge // nil: none
}

// SetHeader adds to the header, except what is for one hop.
func (t *transport) SetHeader(md metadata.MD) error {
	return t.ServerTransportStream.SetHeader(t.edge.metadata(md))
}

// SendHeader sends the header, without what is for one hop.
func (t *transport) SendHeader(md metadata.MD) error {
	return t.ServerTransportStream.SendHeader(t.edge.metadata(md))
}

// SetTrailer adds to the trailer, except what is for one hop.
func (t *transport) SetTrailer(md metadata.MD) error {
	return t.ServerTransportStream.SetTrailer(t.edge.metadata(md))
}
