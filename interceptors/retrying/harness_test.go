package retrying_test

import (
	"context"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
)

var errDown = status.Error(codes.Unavailable, "down")

// saidAfar is a refusal by a peer, passed on.
func saidAfar(t *testing.T, code codes.Code, reason policy.Reason) error {
	t.Helper()
	s, err := status.New(code, "refused").WithDetails(&errdetails.ErrorInfo{Domain: policy.Domain, Reason: string(reason)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

// open opens a stream. It sends the request of a server stream and ends it.
func open(ctx context.Context, t *testing.T, cc *grpc.ClientConn, method string) grpc.ClientStream {
	t.Helper()
	s := rpctest.Open(ctx, t, cc, method)
	if method == rpctest.ServerStream {
		if err := s.SendMsg(rpctest.Message()); err != nil {
			t.Fatal(err)
		}
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// toEnd receives until there is an error.
func toEnd(s grpc.ClientStream) error {
	for {
		if err := s.RecvMsg(rpctest.Message()); err != nil {
			return err
		}
	}
}
