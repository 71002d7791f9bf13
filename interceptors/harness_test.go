package interceptors_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

var errDown = status.Error(codes.Unavailable, "down")

// open opens a stream. It sends the request of a server stream and ends it.
func open(ctx context.Context, t *testing.T, cc *grpc.ClientConn, method string, opts ...grpc.CallOption) grpc.ClientStream {
	t.Helper()
	s := rpctest.Open(ctx, t, cc, method, opts...)
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

// settledOnce waits until all is still and returns the outcome of the only call
// that the spy was asked about.
func settledOnce(t *testing.T, spy *policytest.Spy) policy.Outcome {
	t.Helper()
	time.Sleep(time.Minute)
	synctest.Wait()
	settled := spy.Settled()
	if len(spy.Asked()) != 1 || len(settled) != 1 {
		t.Fatalf("asked %d times, settled %d times; want once each", len(spy.Asked()), len(settled))
	}
	return settled[0]
}
