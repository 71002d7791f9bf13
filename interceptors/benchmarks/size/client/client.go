// Package client is what the clients have in common whose sizes are compared:
// one call of the service that gRPC tests interoperate by.
package client

import (
	"context"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// Main calls the server that the command line names, over a connection with the
// given options. It ends the program.
func Main(opts ...grpc.DialOption) {
	if len(os.Args) != 2 {
		Exit(fmt.Errorf("arguments = %d; must be one: the target of a server", len(os.Args)-1))
	}
	Exit(call(os.Args[1], opts))
}

func call(target string, opts []grpc.DialOption) error {
	cc, err := grpc.NewClient(target, append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return err
	}
	defer cc.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = testgrpc.NewTestServiceClient(cc).EmptyCall(ctx, &testgrpc.Empty{})
	return err
}

// Exit ends the program, with a failure if err is one.
func Exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
