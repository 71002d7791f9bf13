package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// load is a kind of load that every peer is measured under.
type load struct {
	name                string
	methods, goroutines int
}

// The kinds of calls.
const (
	admitted = "admitted"
	refused  = "refused" // the circuit is open
	failing  = "failing" // most calls fail, and the circuit stays closed
)

func loads() []load {
	var all []load
	for _, methods := range []int{1, 100, 10_000} {
		for _, goroutines := range []int{1, 2, 32} {
			all = append(all, load{admitted, methods, goroutines})
		}
	}
	for _, name := range []string{refused, failing} {
		all = append(all, load{name, 1, 1}, load{name, 1, 32})
	}
	return all
}

// calls measures the interceptors by themselves, with an invoker that returns at
// once.
func calls(out io.Writer, e effort, p *promises) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "a call: ns (allocations)\tmethods\tgoroutines\t")
	for i, peer := range peers.All() {
		fmt.Fprintf(table, "%s\t", peer.Name)
		if i > 0 {
			fmt.Fprint(table, "of afloat's\t")
		}
	}
	fmt.Fprintln(table)
	for _, l := range loads() {
		samples, err := l.samples()
		if err != nil {
			return err
		}
		e.measure(samples...)
		fmt.Fprintf(table, "%s\t%d\t%d\t", l.name, l.methods, l.goroutines)
		for i, s := range samples {
			fmt.Fprintf(table, "%.0f (%.0f)\t", s.Wall(), s.Allocs())
			if i > 0 {
				fmt.Fprintf(table, "%.2f\t", s.Wall()/samples[0].Wall())
			}
		}
		fmt.Fprintln(table)
		p.note(l, samples)
	}
	return table.Flush()
}

// samples are the peers under the load.
func (l load) samples() ([]*measure.Sample, error) {
	cc, err := grpc.NewClient("passthrough:///guard", grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	var all []*measure.Sample
	for _, peer := range peers.All() {
		s, err := l.sample(peer, cc)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", peer.Name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// sample is a peer under the load. Every method is known and in the state it is
// to be measured in.
func (l load) sample(peer peers.Peer, cc *grpc.ClientConn) (*measure.Sample, error) {
	cfg := peers.Config{Places: 100, OpenFor: time.Hour}
	if l.name == refused {
		cfg.Failures = 5
	}
	guard, err := peer.New(cfg)
	if err != nil {
		return nil, err
	}
	ctx := newRequest()
	methods := l.names()
	opts := []grpc.CallOption{grpc.StaticMethod()} // as generated code has it
	call := func(i int) {
		_ = guard(ctx, methods[i%l.methods], nil, nil, cc, l.invoker(i), opts...) // the outcome is the load's
	}
	for i := range 10 * l.methods {
		call(i)
	}
	return &measure.Sample{Call: call, Goroutines: l.goroutines}, nil
}

// names are those of the methods.
func (l load) names() []string {
	methods := make([]string, l.methods)
	for i := range methods {
		methods[i] = fmt.Sprintf("/bench.Service%d/Method%d", i/50, i%50)
	}
	return methods
}

var errDown = status.Error(codes.Unavailable, "down")

// invoker answers the i-th call.
func (l load) invoker(i int) grpc.UnaryInvoker {
	// One success in a thousand keeps every circuit closed.
	if l.name == refused || l.name == failing && i%1024 != 0 {
		return fail
	}
	return succeed
}

func succeed(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
	return nil
}

func fail(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
	return errDown
}
