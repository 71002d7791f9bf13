//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// workMethod is the one method of the server.
const workMethod = "/bench.v1.Work/Do"

// serving is what a process does that is a server.
type serving struct {
	bottleneck string
	guard      string
	limit      int
}

// serve serves until standard input ends, and prints the address first.
func (s serving) serve(ctx context.Context, in io.Reader, out io.Writer) error {
	quiet()
	b, ok := bottleneckNamed(s.bottleneck)
	if !ok {
		return fmt.Errorf("flag -bottleneck = %q; must be one of %q", s.bottleneck, names())
	}
	opts, err := optionsOf(s.guard, s.limit) //nolint:contextcheck // each call has its own
	if err != nil {
		return err
	}
	work, err := b.work()
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer(opts...)
	server.RegisterService(descOf(work), nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintln(out, listener.Addr())
	_, err = io.Copy(io.Discard, in)
	server.Stop()
	if stopped := <-served; !errors.Is(stopped, grpc.ErrServerStopped) {
		err = errors.Join(err, stopped)
	}
	return err
}

// descOf returns the service that does the work.
func descOf(work func(context.Context) error) *grpc.ServiceDesc {
	answer := func(ctx context.Context, _ any) (any, error) {
		if err := work(ctx); err != nil {
			return nil, err
		}
		return &emptypb.Empty{}, nil
	}
	do := func(srv any, ctx context.Context, decode func(any) error, in grpc.UnaryServerInterceptor) (any, error) {
		req := new(emptypb.Empty)
		if err := decode(req); err != nil {
			return nil, err
		}
		if in == nil {
			return answer(ctx, req)
		}
		return in(ctx, req, &grpc.UnaryServerInfo{Server: srv, FullMethod: workMethod}, answer)
	}
	return &grpc.ServiceDesc{
		ServiceName: "bench.v1.Work", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Do", Handler: do}},
	}
}

// bottleneckNamed returns the bottleneck of that name.
func bottleneckNamed(name string) (bottleneck, bool) {
	for _, b := range bottlenecks() {
		if b.name == name {
			return b, true
		}
	}
	return bottleneck{}, false
}

// names returns those of all bottlenecks.
func names() []string {
	var all []string
	for _, b := range bottlenecks() {
		all = append(all, b.name)
	}
	return all
}
