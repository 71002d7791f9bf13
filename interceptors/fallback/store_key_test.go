package fallback_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// A request is the same if it is one to the same method with the same content, in
// whatever order its maps are written.
func TestWhatIsTheSameRequest(t *testing.T) {
	t.Parallel()
	const one, other = "/test.Service/One", "/test.Service/Other"
	kept := store(t, fallback.StoreConfig{})
	keeping := func(name string) fallback.AnyMethod {
		m := fallback.For[*testv1.GetProfileResponse, *testv1.GetProfileResponse](name)
		return m.Else(m.LastGood(kept, fallback.SameForAll()))
	}
	c, err := fallback.NewMethods("passthrough:///main", keeping(one), keeping(other))
	if err != nil {
		t.Fatal(err)
	}
	down := false
	invoke := func(_ context.Context, method string, _, reply any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
		if down {
			return errDown
		}
		if m, ok := reply.(*testv1.GetProfileResponse); ok {
			m.Name = "from " + method
		}
		return nil
	}
	call := func(method string, ranks map[int32]string) (string, bool) {
		var reply testv1.GetProfileResponse
		var report degrade.Report
		err := c.UnaryClientInterceptor()(t.Context(), method, &testv1.GetProfileResponse{Ranks: ranks}, &reply, nil, invoke, degrade.Capture(&report))
		return reply.GetName(), err == nil
	}
	ranks := map[int32]string{}
	for i := range int32(50) {
		ranks[i] = "x"
	}
	call(one, ranks)
	call(other, ranks)
	down = true
	for _, method := range []string{one, other} {
		for range 10 {
			if name, ok := call(method, ranks); !ok || name != "from "+method {
				t.Fatalf("%s is answered with %q: %v; want its own last good response", method, name, ok)
			}
		}
	}
	ranks[0] = "y"
	if name, ok := call(one, ranks); ok {
		t.Errorf("another request is answered with %q", name)
	}
	if got := kept.Len(); got != 2 {
		t.Errorf("%d responses are kept; want one for each method", got)
	}
}
