package degrade

import (
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/anypb"

	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// IncompleteError is the error of a response that had to be complete and is
// not. As a gRPC status it is UNAVAILABLE, with the markers in its details.
type IncompleteError struct {
	Report Report
}

// Error names the first degraded fields.
func (e *IncompleteError) Error() string {
	if !e.Report.Known() {
		return "degrade: nobody said whether the response is complete; must be"
	}
	return "degrade: incomplete response: " + e.Report.String()
}

// GRPCStatus is UNAVAILABLE with the markers, as many as fit into the headers
// of any peer.
func (e *IncompleteError) GRPCStatus() *status.Status {
	return WithDetails(status.New(codes.Unavailable, e.Error()), e.Report)
}

// WithDetails puts a report into the details of a status that is not OK, as much
// of it as fits into the headers of any peer beside the status's text and other
// details, in place of one that is there; nothing if r knows nothing.
func WithDetails(s *status.Status, r Report) *status.Status {
	if !r.known {
		return s
	}
	bare := s.Proto()
	bare.Details = slices.DeleteFunc(bare.GetDetails(), isReport)
	room := roomBeside(bare.GetMessage(), proto.Size(bare))
	if room < leastReport {
		return status.FromProto(bare)
	}
	detailed, err := status.FromProto(bare).WithDetails(protoadapt.MessageV1Of(r.capped(room)))
	if err != nil {
		return s // a status that is OK, or a detail that cannot be encoded: there is neither
	}
	return detailed
}

const (
	// maxErrorBytes is what a failed call may take of the headers of a peer that allows
	// 8 KiB: the text of the status, and in base64 all of the status again.
	maxErrorBytes = 7 << 10
	// anyBytes is what it takes to say that a detail is a report.
	anyBytes = 64
	// leastReport is what a count takes.
	leastReport = 16
)

// roomBeside is how many bytes of details there is room for in a status with that
// text, which is of that size without them.
func roomBeside(text string, size int) int {
	left := maxErrorBytes
	for _, b := range []byte(text) {
		if left--; b < ' ' || b > '~' || b == '%' { // gRPC sends it as %XX
			left -= 2
		}
	}
	return min(MaxTrailerBytes, left/4*3-size-anyBytes)
}

// isReport reports whether a detail of a status is a report.
func isReport(detail *anypb.Any) bool { return detail.MessageIs((*degradev1.Degradation)(nil)) }

// FromError returns the report in the details of a failed call: of a server
// that failed because some field had to be there. It knows nothing if there is
// none.
func FromError(err error) Report {
	s, ok := status.FromError(err)
	if !ok || err == nil {
		return Report{}
	}
	for _, d := range s.Details() {
		if d, ok := d.(*degradev1.Degradation); ok {
			return fromProto(d, nil)
		}
	}
	return Report{}
}
