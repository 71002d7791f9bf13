package interceptors_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/policytest"
)

// leaks hands on each leaked call.
type leaks struct {
	policy.NopObserver

	calls chan policy.Call
}

func (l leaks) Leaked(call *policy.Call) { l.calls <- *call }

// startReal is a rig in real time: the garbage collector works in no other.
func startReal(t *testing.T, chain *policy.Chain, opts ...interceptors.ClientOption) *grpc.ClientConn {
	t.Helper()
	return hosted(t, rpctest.Rig{Stream: hold}, []grpc.ServerOption{}, interceptors.DialOptions(rpctest.One{Chain: chain}, opts...)...)
}

// Streams that nobody holds any more are ended, settled as ignored and reported.
func TestAbandonedStreamsAreReaped(t *testing.T) { //nolint:paralleltest // it runs the garbage collector
	spy := &policytest.Spy{}
	observer := leaks{calls: make(chan policy.Call, 1000)}
	chain, err := policy.NewChain([]policy.Policy{spy}, policy.WithObserver(observer))
	if err != nil {
		t.Fatal(err)
	}
	cc := startReal(t, chain, interceptors.WithStreamReaping())
	const n = 50
	kept := open(t.Context(), t, cc, rpctest.BidiStream)
	blocked := make(chan error, 1)
	go func() { blocked <- kept.RecvMsg(rpctest.Message()) }()
	for range n {
		open(context.Background(), t, cc, rpctest.BidiStream) // nobody ever cancels it
	}
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for reaped := 0; reaped < n; {
		runtime.GC()
		select {
		case call := <-observer.calls:
			if call.Method != rpctest.BidiStream {
				t.Fatalf("leaked call = %+v", call)
			}
			reaped++
		case <-limit.C:
			t.Fatalf("%d of %d streams were reaped within a minute", reaped, n)
		default:
		}
	}
	for _, o := range spy.Settled() {
		if o.Verdict != policy.Ignored {
			t.Errorf("settled as %v; want ignored", o.Verdict)
		}
	}
	if got := len(spy.Settled()); got != n {
		t.Errorf("%d streams settled; want %d", got, n)
	}
	// The stream that is in use must be left alone, also while it blocks.
	select {
	case err := <-blocked:
		t.Errorf("the stream in use ended with %v", err)
	default:
	}
	runtime.KeepAlive(kept)
}

// Without the option nothing is reaped.
func TestNothingIsReapedByDefault(t *testing.T) { //nolint:paralleltest // it runs the garbage collector
	spy := &policytest.Spy{}
	cc := startReal(t, rpctest.ChainOf(t, spy))
	for range 10 {
		open(context.Background(), t, cc, rpctest.BidiStream) // nobody ever cancels it
	}
	collected := make(chan struct{})
	runtime.AddCleanup(new([64]byte), func(struct{}) { close(collected) }, struct{}{})
	for done := false; !done; {
		runtime.GC()
		select {
		case <-collected: // the collector has had its chance
			done = true
		default:
		}
	}
	if got := len(spy.Settled()); got != 0 {
		t.Errorf("%d streams were settled", got)
	}
}
