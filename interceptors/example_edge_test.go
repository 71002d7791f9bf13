package interceptors_test

import (
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// publicServer is for callers outside, who are told what they did wrong and what there
// is not, and nothing about why a service behind it failed.
func publicServer(r *rules.Rules) *grpc.Server {
	return grpc.NewServer(interceptors.ServerOptions(r,
		interceptors.WithEdge(),
		interceptors.WithPublicCodes(codes.InvalidArgument, codes.NotFound))...)
}

func ExampleWithEdge() {
	r, err := interceptors.Default()
	if err != nil {
		fmt.Println(err)
		return
	}
	server := publicServer(r)
	defer server.Stop()
	fmt.Println(len(server.GetServiceInfo()))
	// Output: 0
}
