package degrade

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
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
	const few = 3
	if !e.Report.Known() {
		return "degrade: nobody said whether the response is complete; must be"
	}
	var b strings.Builder
	b.WriteString("degrade: incomplete response: ")
	for i, m := range e.Report.markers[:min(few, len(e.Report.markers))] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q is %v (%v)", m.Path, m.State, m.Reason)
	}
	if more := len(e.Report.markers) - few + e.Report.dropped; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

// GRPCStatus is UNAVAILABLE with the markers, as many as fit into the headers
// of any peer.
func (e *IncompleteError) GRPCStatus() *status.Status {
	return WithDetails(status.New(codes.Unavailable, e.Error()), e.Report)
}

// WithDetails puts a report into the details of a status that is not OK, as much
// of it as fits into the headers of any peer, in place of one that is there;
// nothing if r knows nothing.
func WithDetails(s *status.Status, r Report) *status.Status {
	if !r.known {
		return s
	}
	bare := s.Proto()
	bare.Details = slices.DeleteFunc(bare.GetDetails(), isReport)
	detailed, err := status.FromProto(bare).WithDetails(protoadapt.MessageV1Of(r.capped(MaxTrailerBytes)))
	if err != nil {
		return s // a status that is OK, or a detail that cannot be encoded: there is neither
	}
	return detailed
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
