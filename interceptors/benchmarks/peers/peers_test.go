package peers_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// guards are the peers that guard something.
func guards() []peers.Peer {
	all := peers.All()
	return all[:len(all)-1]
}

// dependency counts its calls and answers with err.
type dependency struct {
	calls int
	err   error
}

func (d *dependency) invoke(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
	d.calls++
	return d.err
}

func open(t *testing.T, p peers.Peer, cfg peers.Config) (grpc.UnaryClientInterceptor, *grpc.ClientConn) {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///peers", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	guard, err := p.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return guard, cc
}

// What is measured as refused is refused, by the method alone that failed, and
// what is measured as admitted reaches the dependency.
func TestEachPeerGuardsEachMethod(t *testing.T) {
	t.Parallel()
	for _, p := range guards() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			guard, cc := open(t, p, peers.Config{Places: 10, Failures: 5, OpenFor: time.Hour})
			sick := &dependency{err: status.Error(codes.Unavailable, "down")}
			for range 100 {
				if err := guard(t.Context(), "/s/Sick", nil, nil, cc, sick.invoke); err == nil {
					t.Error("a call of a sick method succeeded")
				}
			}
			if sick.calls != 5 {
				t.Errorf("the sick method was called %d times, want 5", sick.calls)
			}
			well := &dependency{}
			for range 100 {
				if err := guard(t.Context(), "/s/Well", nil, nil, cc, well.invoke); err != nil {
					t.Error(err)
				}
			}
			if well.calls != 100 {
				t.Errorf("the other method was called %d times, want 100", well.calls)
			}
		})
	}
}

// A full bulkhead refuses.
func TestEachPeerCapsCallsInFlight(t *testing.T) {
	t.Parallel()
	for _, p := range guards() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			guard, cc := open(t, p, peers.Config{Places: 1, Failures: 5, OpenFor: time.Hour})
			var inner dependency
			outer := func(ctx context.Context, method string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
				if err := guard(ctx, method, nil, nil, cc, inner.invoke); err == nil {
					t.Error("a second call got the only place")
				}
				return nil
			}
			if err := guard(t.Context(), "/s/M", nil, nil, cc, outer); err != nil {
				t.Error(err)
			}
			if inner.calls != 0 {
				t.Errorf("the refused call reached the dependency %d times", inner.calls)
			}
		})
	}
}

// What sets the two guards with gobreaker apart: refusals of the semaphore open the
// circuit where they are counted, and only there. Afloat leaves them out.
func TestRefusalsOfAFullSemaphore(t *testing.T) {
	t.Parallel()
	for name, opens := range map[string]bool{peers.NameGobreaker: false, peers.NameCounting: true, peers.NameAfloat: false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p peers.Peer
			for _, each := range peers.All() {
				if each.Name == name {
					p = each
				}
			}
			guard, cc := open(t, p, peers.Config{Places: 1, Failures: 5, OpenFor: time.Hour})
			var well dependency
			outer := func(ctx context.Context, method string, _, _ any, _ *grpc.ClientConn, _ ...grpc.CallOption) error {
				for range 10 {
					if err := guard(ctx, method, nil, nil, cc, well.invoke); err == nil {
						t.Error("a second call got the only place")
					}
				}
				return nil
			}
			if err := guard(t.Context(), "/s/M", nil, nil, cc, outer); err != nil {
				t.Error(err)
			}
			if err := guard(t.Context(), "/s/M", nil, nil, cc, well.invoke); (err != nil) != opens {
				t.Errorf("the next call: %v; refused is to be %v", err, opens)
			}
		})
	}
}

// Functions are guarded as calls are.
func TestFunctionsAreGuarded(t *testing.T) {
	t.Parallel()
	for _, p := range peers.Functions() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			do, err := p.New(peers.Config{Places: 10, Failures: 5, OpenFor: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			sick := &dependency{err: errors.New("down")}
			for range 100 {
				if err := do(t.Context(), func(ctx context.Context) error { return sick.invoke(ctx, "", nil, nil, nil) }); err == nil {
					t.Error("a call of a sick function succeeded")
				}
			}
			if sick.calls != 5 {
				t.Errorf("the sick function was called %d times, want 5", sick.calls)
			}
		})
	}
}
