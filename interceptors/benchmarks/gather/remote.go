package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// How many RPCs a request needs, and how many requests there are at once.
const (
	remoteSources = 10
	remoteCallers = 8
)

// remote compares a plan whose sources are RPCs with an errgroup that has a deadline, over
// connections in memory and over TCP, bare and guarded.
func remote(ctx context.Context) ([]comparison, func() error, error) {
	rig := &network{}
	var all []comparison
	for _, kind := range []string{"in memory", "over TCP"} {
		for _, guarded := range []bool{false, true} {
			c, err := rig.comparison(ctx, kind, guarded)
			if err != nil {
				return nil, nil, errors.Join(err, rig.close())
			}
			all = append(all, c)
		}
	}
	return all, rig.close, nil
}

// network is servers, connections to them and the first error of a call.
type network struct {
	closers []func() error
	failed  atomic.Pointer[error]
}

// close closes everything, and returns what failed.
func (n *network) close() error {
	var faults []error
	if err := n.failed.Load(); err != nil {
		faults = append(faults, *err)
	}
	for i := range n.closers {
		faults = append(faults, n.closers[len(n.closers)-1-i]())
	}
	return errors.Join(faults...)
}

// note notes the error of a call.
func (n *network) note(err error) {
	if err != nil {
		n.failed.CompareAndSwap(nil, &err)
	}
}

// comparison compares both over one connection.
func (n *network) comparison(ctx context.Context, kind string, guarded bool) (comparison, error) {
	opts, title := []grpc.DialOption(nil), "bare"
	if guarded {
		r, err := interceptors.Default()
		if err != nil {
			return comparison{}, err
		}
		opts, title = interceptors.DialOptions(r), "guarded"
	}
	cc, err := n.connect(ctx, kind == "over TCP", opts)
	if err != nil {
		return comparison{}, err
	}
	client := testv1.NewTierServiceClient(cc)
	p, err := planOfCalls(client)
	if err != nil {
		return comparison{}, err
	}
	base := &measure.Goal{Most: 1, Allocs: measure.AnyAllocs}
	group := func(int) { n.note(callsInErrgroup(ctx, client)) }
	plan := func(int) {
		_, err := p.Gather(ctx, struct{}{}, make([]string, remoteSources))
		n.note(err)
	}
	sample := func(call func(int)) *measure.Sample { return &measure.Sample{Goroutines: remoteCallers, Call: call} }
	return comparison{
		fmt.Sprintf("%d RPCs, %d callers, %s, %s", remoteSources, remoteCallers, kind, title), measure.Ratio(),
		[]measure.System{
			{Name: "errgroup with a deadline", Sample: sample(group)},
			{Name: "errgroup with a deadline", Sample: sample(group)},
			{Name: "a plan", Sample: sample(plan), Goal: base},
		},
	}, nil
}

// connect starts a server and connects to it.
func (n *network) connect(ctx context.Context, tcp bool, opts []grpc.DialOption) (*grpc.ClientConn, error) {
	memory := bufconn.Listen(1 << 20)
	listener, target := net.Listener(memory), "passthrough:///gather"
	if tcp {
		var err error
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		target = listener.Addr().String()
	} else {
		opts = append(opts, grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return memory.DialContext(ctx) }))
	}
	server, served := grpc.NewServer(), make(chan error, 1)
	testv1.RegisterTierServiceServer(server, profiles{})
	go func() { served <- server.Serve(listener) }()
	n.closers = append(n.closers, func() error { server.Stop(); return <-served })
	cc, err := grpc.NewClient(target, append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err == nil {
		n.closers = append(n.closers, cc.Close)
	}
	return cc, err
}

// profiles answers.
type profiles struct {
	testv1.UnimplementedTierServiceServer
}

func (profiles) GetProfile(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	return &testv1.GetProfileResponse{Name: "good"}, nil
}

// planOfCalls makes a plan of calls to the client.
func planOfCalls(client testv1.TierServiceClient) (*fanout.Plan[struct{}, []string], error) {
	sources := make([]fanout.Source[struct{}, []string], remoteSources)
	for i := range sources {
		sources[i] = fanout.Optional(fmt.Sprintf("f%d", i),
			fanout.RPC(client.GetProfile, func(struct{}) *testv1.GetProfileRequest { return &testv1.GetProfileRequest{} }),
			func(values []string, r *testv1.GetProfileResponse) { values[i] = r.GetName() })
	}
	return fanout.NewPlanWith(fanout.Config{Name: "calls", Quorum: remoteSources}, sources...)
}

// callsInErrgroup makes the same calls.
func callsInErrgroup(ctx context.Context, client testv1.TierServiceClient) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	values := make([]string, remoteSources)
	for i := range values {
		g.Go(func() error {
			r, err := client.GetProfile(ctx, &testv1.GetProfileRequest{})
			values[i] = r.GetName()
			return err
		})
	}
	return g.Wait()
}
