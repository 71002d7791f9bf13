package fallback_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/fallback"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// keyed is the context key of who is asking.
type keyed struct{}

// FuzzKept has two callers with any keys and any requests: the second is given the
// first's answer only if both are the same, and known.
func FuzzKept(f *testing.F) {
	f.Add("u1", "7", "u2", "7")
	f.Add("u1", "7", "u1", "7")
	f.Add("", "7", "", "7")
	f.Add("u1", "7", "u17", "")
	f.Add("a\x00b", "c", "a", "b\x00c")
	f.Add(strings.Repeat("k", 70_000), "x", strings.Repeat("k", 70_001), "x")
	f.Fuzz(func(t *testing.T, firstKey, firstID, secondKey, secondID string) {
		const most = 1 << 16
		kept, err := fallback.NewStore(fallback.StoreConfig{MaxBytes: most})
		if err != nil {
			t.Fatal(err)
		}
		const name = testv1.TierService_GetProfile_FullMethodName
		m := fallback.For[*testv1.GetProfileRequest, *testv1.GetProfileResponse](name)
		all, err := fallback.NewMethods("passthrough:///main", m.Else(m.LastGood(kept, fallback.KeyBy(
			func(ctx context.Context, _ proto.Message) (string, bool) {
				key, ok := ctx.Value(keyed{}).(string)
				return key, ok
			}))))
		if err != nil {
			t.Fatal(err)
		}
		call := func(key, id string, answer error) (*testv1.GetProfileResponse, error) {
			reply := new(testv1.GetProfileResponse)
			err := all.UnaryClientInterceptor()(context.WithValue(t.Context(), keyed{}, key), name, &testv1.GetProfileRequest{Id: id}, reply, nil,
				func(_ context.Context, _ string, _, reply any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
					if m, ok := reply.(*testv1.GetProfileResponse); ok && answer == nil {
						m.Name = "of the first"
					}
					return answer
				})
			return reply, err
		}
		if _, err := call(firstKey, firstID, nil); err != nil {
			t.Fatal(err)
		}
		if kept.Bytes() > most {
			t.Fatalf("%d bytes are kept; want %d at most", kept.Bytes(), most)
		}
		given, err := call(secondKey, secondID, errDown)
		same := firstKey == secondKey && firstID == secondID && firstKey != ""
		if err == nil && (!same || given.GetName() != "of the first") {
			t.Fatalf("%q asked for %q and was given %v of %q, who asked for %q", secondKey, secondID, given, firstKey, firstID)
		}
	})
}
