package interceptors_test

import (
	"context"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// over is a client's stream that is at its end at once.
type over struct{ grpc.ClientStream }

func (over) RecvMsg(any) error { return io.EOF }

// A stream costs itself, what gRPC and the context tell its end to, and no more: one that
// ends with its context or without, and with any usual number of options.
func TestAllocationsOfAClientStream(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	list, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{
		breaker.Each(breaker.Config{}), bulkhead.Each(bulkhead.Config{MaxConcurrent: 100}),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	deadline, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	ended := grpc.ClientStream(over{})
	streamer := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) { //nolint:unparam // gRPC's own signature
		return ended, nil
	}
	open := interceptors.StreamClientInterceptor(list)
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		options int
		want    float64
	}{
		{"a context that ends", deadline, 1, 4},
		{"four options", deadline, 4, 4},
		{"more options", deadline, 5, 5},
		{"a context that never ends", context.Background(), 1, 2},
	} {
		opts := make([]grpc.CallOption, tt.options)
		for i := range opts {
			opts[i] = grpc.StaticMethod()
		}
		for _, method := range []string{rpctest.ServerStream, rpctest.BidiStream} {
			desc := rpctest.DescOf(method)
			got := testing.AllocsPerRun(1000, func() {
				s, err := open(tt.ctx, desc, nil, method, streamer, opts...)
				if err != nil {
					t.Fatal(err)
				}
				_ = s.RecvMsg(nil)
			})
			if got > tt.want && !raceEnabled {
				t.Errorf("%s, %s: %v allocations; want %v", tt.name, method, got, tt.want)
			}
		}
	}
}
