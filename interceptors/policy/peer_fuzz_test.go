package policy_test

import (
	"fmt"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// FuzzPeerError reads anything as the status of a peer, wrapped and not: it is never
// taken for a refusal of this process, and every reading of it is one there is.
func FuzzPeerError(f *testing.F) {
	for _, reason := range []string{"CIRCUIT_OPEN", "BULKHEAD_FULL", "FAULT_INJECTED", "TIMEOUT", "", "\x1b[2J"} {
		info, err := anypb.New(&errdetails.ErrorInfo{Domain: policy.Domain, Reason: reason})
		if err != nil {
			f.Fatal(err)
		}
		for _, code := range []codes.Code{codes.OK, codes.Unavailable, codes.ResourceExhausted, 17, 1<<31 - 1} {
			encoded, err := proto.Marshal(&spb.Status{Code: int32(code), Message: "down", Details: []*anypb.Any{info, info}})
			if err != nil {
				f.Fatal(err)
			}
			f.Add(encoded)
		}
	}
	f.Add([]byte("\x1a\x02\x0a\x00\x1a\x04\x12\x02\xff\xff")) // details of no type
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var s spb.Status
		if proto.Unmarshal(encoded, &s) != nil {
			return
		}
		err := status.ErrorProto(&s)
		for _, err := range []error{err, fmt.Errorf("call: %w", err)} {
			if policy.IsRejection(err) {
				t.Fatal("a peer's error is taken for a refusal of this process")
			}
			if v := policy.Classify(err); v >= policy.NotStarted {
				t.Fatalf("verdict = %v", v)
			}
			_, _ = policy.ReasonOf(err), policy.Retriable(nil)(err) // they must not panic
		}
		if s.GetCode() == 0 && err != nil {
			t.Fatalf("OK is an error: %v", err)
		}
	})
}
