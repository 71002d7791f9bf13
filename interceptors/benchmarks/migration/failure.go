package migration

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// isFailure tells what a dependency did wrong from what it answered. afloat does
// so by itself.
func isFailure(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.DataLoss:
		return true
	default:
		return false
	}
}
