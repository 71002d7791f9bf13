package fanout_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// hook is a program's own handler of panics.
type hook struct {
	mu   sync.Mutex
	told []string
}

func (h *hook) recovered(_ context.Context, p any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !strings.Contains(string(debug.Stack()), "panicsWith") && !strings.Contains(fmt.Sprint(p), "Goexit") {
		p = "without its stack: " + fmt.Sprint(p)
	}
	h.told = append(h.told, fmt.Sprint(p))
	return nil
}

func (h *hook) want(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.Sort(h.told)
	if !slices.Equal(h.told, want) {
		t.Errorf("the hook was told of %q; want %q", h.told, want)
	}
}

// panicsWith is a source that panics.
func panicsWith(text string) func(context.Context, request) (string, error) {
	return func(context.Context, request) (string, error) { panic(text) }
}

// The program's own handler of panics hears of all that panics in a plan, with the stack:
// sources, their steps, keys and elements. One that panics itself does no harm.
func TestPanicsReachTheRecoveryHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := plan(t,
			fanout.Optional("name", panicsWith("source"), setName).Else(fallback.To("other", panicsWith("step"))),
			fanout.Optional("avatar", gives("a"), setAvatar),
			fanout.Each("tags", func(request) []int { return []int{1} },
				func(ctx context.Context, req request, _ int) (string, error) { return panicsWith("element")(ctx, req) }, setTags),
			fanout.Each("items", func(req request) []int { _, _ = panicsWith("keys")(nil, req); return nil },
				func(context.Context, request, int) (*testv1.Item, error) { return nil, nil }, //nolint:nilnil // never called
				func(response, []*testv1.Item) {}),
		)
		h := new(hook)
		ctx := policy.WithRecoveryHandler(t.Context(), h.recovered)
		if r, err := p.Gather(ctx, nil, &testv1.GetProfileResponse{}); err != nil || r.Complete() {
			t.Errorf("%v, %v; want what did not panic", r, err)
		}
		h.want(t, "element", "keys", "source", "step")
		wild := policy.WithRecoveryHandler(t.Context(), func(context.Context, any) error { panic("me too") })
		if r, err := p.Gather(wild, nil, &testv1.GetProfileResponse{}); err != nil || r.Complete() {
			t.Errorf("%v, %v; want what did not panic", r, err)
		}
		if ctx := t.Context(); policy.WithRecoveryHandler(ctx, nil) != ctx {
			t.Error("no handler makes another context")
		}
	})
}

// A server gives its handler of panics to all of its calls.
func TestServersHaveARecoveryHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := plan(t, fanout.Optional("name", panicsWith("source"), setName), fanout.Optional("avatar", gives("a"), setAvatar))
		h := new(hook)
		gather := func(ctx context.Context) error {
			_, err := p.Gather(ctx, nil, &testv1.GetProfileResponse{})
			return err
		}
		rig := rpctest.Rig{Unary: gather, Stream: func(s grpc.ServerStream) error { return gather(s.Context()) }}
		server := grpc.NewServer(interceptors.ServerOptions(rpctest.One{}, interceptors.WithRecoveryHandler(h.recovered))...)
		server.RegisterService(rig.Desc(), rig)
		cc := rpctest.Serve(t, server, "recovering")
		if err := rpctest.Invoke(t.Context(), cc); err != nil {
			t.Fatal(err)
		}
		h.want(t, "source")
		s := rpctest.Open(t.Context(), t, cc, rpctest.BidiStream)
		_ = s.CloseSend()
		_ = s.RecvMsg(rpctest.Message())
		synctest.Wait()
		h.want(t, "source", "source")
	})
}
