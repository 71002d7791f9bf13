package degrade

import (
	"fmt"
	"slices"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/afloat-go/afloat/interceptors/policy"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// IncompleteError is the error of a response that had to be complete and is
// not. As a gRPC status it is UNAVAILABLE for the reason INCOMPLETE, with the markers in
// its details. It is what one caller required, and no policy counts it as a failure.
type IncompleteError struct {
	// Report is what is known of the response. It knows nothing if nobody said anything.
	Report Report
	// Fields are those fields of the response that are degraded and were required, see
	// [Require]. Nil: all of the response was, or the server has found it incomplete.
	Fields []string
	// Err is the error of the server that refused the response. Nil: the response came,
	// and was found incomplete here.
	Err error
}

// refusalOf returns the error for a caller who required a complete response and whose call
// failed: an [*IncompleteError] if the server refused an incomplete one, else err itself.
func refusalOf(err error) error {
	if policy.ReasonOf(err) != policy.ReasonIncomplete {
		return err
	}
	return &IncompleteError{Report: FromError(err), Err: err}
}

// Error names the first degraded fields.
func (e *IncompleteError) Error() string {
	switch {
	case len(e.Fields) > 0 && e.Report.Known():
		return fmt.Sprintf("degrade: incomplete response: required are %q; %v", e.Fields, e.Report)
	case e.Report.Known():
		return "degrade: incomplete response: " + e.Report.String()
	case e.Err != nil:
		return "degrade: incomplete response"
	default:
		return "degrade: nobody said whether the response is complete; must be"
	}
}

// Unwrap returns Err.
func (e *IncompleteError) Unwrap() error { return e.Err }

// GRPCStatus returns that of Err. Without one it is UNAVAILABLE with as many of the markers
// as fit into the headers of any peer.
func (e *IncompleteError) GRPCStatus() *status.Status {
	if e.Err != nil {
		return status.Convert(e.Err)
	}
	return WithDetails(withReason(status.New(codes.Unavailable, e.Error())), e.Report)
}

// withReason returns s with the reason INCOMPLETE in its details.
func withReason(s *status.Status) *status.Status {
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{Reason: string(policy.ReasonIncomplete), Domain: policy.Domain})
	if err != nil {
		return s // a status that is OK, or whose details cannot be encoded: there is neither
	}
	return detailed
}

// WithDetails returns s with r in its details, in place of a report that is
// already there. It puts in as much of r as fits, beside the text and the other
// details, into the headers of any peer. It returns s itself if s is OK or r
// knows nothing.
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
	detailed, err := status.FromProto(bare).WithDetails(protoadapt.MessageV1Of(capped(r, room)))
	if err != nil {
		return s // a status that is OK, or a detail that cannot be encoded: there is neither
	}
	return detailed
}

const (
	// maxErrorBytes is what a failed call may take of the headers of a peer that allows
	// 8 KiB: the text of the status, and in base64 all of the status again.
	maxErrorBytes = 7 << 10
	// anyBytes is the size of a detail around the report.
	anyBytes = 64
	// leastReport is the size of a report that has only a count.
	leastReport = 16
)

// roomBeside returns how many bytes of details fit into a status with that text, whose
// size without them is given.
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

// FromError returns the report in the details of a failed call's error, from a
// server that failed because a field had to be there. The report knows nothing
// if there is none.
func FromError(err error) Report { return reading{}.failure(err) }
