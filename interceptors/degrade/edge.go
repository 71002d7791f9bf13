package degrade

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/internal/below"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// edge is what a server whose callers are outside the trust boundary lets out. A nil
// edge lets out everything.
type edge struct {
	silent bool // nothing that tells that afloat is there
	// public are the codes with which a handler's own errors keep text and details.
	public [len(edgeTexts)]bool
}

// newEdge returns an edge with the default codes.
func newEdge() *edge {
	e := &edge{}
	for _, c := range []codes.Code{
		codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.PermissionDenied,
		codes.FailedPrecondition, codes.OutOfRange, codes.Unauthenticated,
	} {
		e.public[c] = true
	}
	return e
}

// publish replaces the public codes, or returns what is wrong with them.
func (e *edge) publish(list []codes.Code) error {
	e.public = [len(edgeTexts)]bool{}
	for _, c := range list {
		if c == codes.OK || c >= codes.Code(len(edgeTexts)) {
			return status.Error(codes.Internal, fmt.Sprintf("degrade: public code = %d (%v); must be from 1 to 16", c, c))
		}
		e.public[c] = true
	}
	return nil
}

// isSilent reports whether callers must not see that afloat is there.
func (e *edge) isSilent() bool { return e != nil && e.silent }

// report returns the part of a report that callers may see.
func (e *edge) report(r Report) Report {
	switch {
	case e == nil:
		return r
	case e.silent:
		return Report{}
	default:
		return r.stripped()
	}
}

// metadata returns what is sent of the metadata that a handler sends. gRPC sends the
// details of a status as metadata too: if the handler copied them from a call, they must
// not leave.
func (e *edge) metadata(md metadata.MD) metadata.MD {
	if e == nil {
		return withoutOwn(md)
	}
	return without(md, func(key string) bool { return isOwnKey(key) || strings.EqualFold(key, statusKey) })
}

// statusKey is the key under which gRPC sends the details of a status.
const statusKey = "grpc-status-details-bin"

// failure returns the error to send for one of a handler or a policy, given the errors
// of the calls that were made for the request.
func (e *edge) failure(err error, calls *below.Record) error {
	if e == nil {
		return err
	}
	sent, code := statusOf(err)
	if e.public[code] && !calls.Covers(err) && !below.Any(err, isOwn) {
		return err
	}
	fixed := status.New(code, edgeTexts[code])
	if wait := retryInfo(sent); wait != nil {
		if detailed, failed := fixed.WithDetails(wait); failed == nil {
			fixed = detailed
		}
	}
	if incomplete, ok := errors.AsType[*IncompleteError](err); ok && !calls.Covers(incomplete) && !e.silent {
		fixed = WithDetails(withReason(fixed), e.report(incomplete.Report))
	}
	return fixed.Err()
}

// statusOf returns the status that gRPC makes of an error, and its code: UNKNOWN if it
// is none.
func statusOf(err error) (*status.Status, codes.Code) {
	s, ok := status.FromError(err)
	if !ok {
		s = status.FromContextError(err)
	}
	if c := s.Code(); c != codes.OK && c < codes.Code(len(edgeTexts)) {
		return s, c
	}
	return s, codes.Unknown
}

// isOwn reports whether an error is one of afloat's, here or in a peer.
func isOwn(err error) bool {
	switch err := err.(type) { //nolint:errorlint // whoever calls it walks the tree
	case *policy.Rejection, *policy.PanicError, *IncompleteError:
		return true
	case interface{ GRPCStatus() *status.Status }:
		for _, detail := range err.GRPCStatus().Proto().GetDetails() {
			if isReport(detail) || isOwnInfo(detail) {
				return true
			}
		}
	}
	return false
}

// isOwnInfo reports whether a detail of a status is an ErrorInfo of afloat's, or may be
// one.
func isOwnInfo(detail *anypb.Any) bool {
	var info errdetails.ErrorInfo
	return detail.MessageIs(&info) && (detail.UnmarshalTo(&info) != nil || info.GetDomain() == policy.Domain)
}

// retryInfo returns the first RetryInfo of a status, made anew so that it has nothing
// but the time, nil if there is none.
func retryInfo(s *status.Status) *errdetails.RetryInfo {
	for _, detail := range s.Proto().GetDetails() {
		var info errdetails.RetryInfo
		if !detail.MessageIs(&info) || detail.UnmarshalTo(&info) != nil {
			continue
		}
		if wait := info.GetRetryDelay().AsDuration(); wait > 0 {
			return &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)}
		}
	}
	return nil
}

// edgeTexts are the texts of errors whose own must stay inside, by code. They say
// nothing that the code does not.
var edgeTexts = [...]string{ //nolint:gochecknoglobals // a constant
	codes.Canceled:           "cancelled",
	codes.Unknown:            "unknown error",
	codes.InvalidArgument:    "invalid argument",
	codes.DeadlineExceeded:   "deadline exceeded",
	codes.NotFound:           "not found",
	codes.AlreadyExists:      "already exists",
	codes.PermissionDenied:   "permission denied",
	codes.ResourceExhausted:  "resource exhausted",
	codes.FailedPrecondition: "failed precondition",
	codes.Aborted:            "aborted",
	codes.OutOfRange:         "out of range",
	codes.Unimplemented:      "unimplemented",
	codes.Internal:           "internal error",
	codes.Unavailable:        "unavailable",
	codes.DataLoss:           "data loss",
	codes.Unauthenticated:    "unauthenticated",
}
