package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// markers measures what it takes a server to put markers into a trailer: those of fields,
// and those of values of a map, of which several become one where there is no room.
func markers(ctx context.Context) ([]comparison, func() error, error) {
	sent := grpc.NewContextWithServerTransportStream(ctx, trailers{})
	server, info := degrade.UnaryServerInterceptor(), &grpc.UnaryServerInfo{FullMethod: "/bench.Service/Get"}
	var all []comparison
	for _, n := range []int{1, 50, 500} {
		goal := map[int]*measure.Goal{50: {Most: 40, Allocs: measure.AnyAllocs}, 500: {Most: 500, Allocs: measure.AnyAllocs}}[n]
		for _, kind := range []struct {
			name   string
			pathOf func(i int) string
		}{
			{"fields", func(i int) string { return "field_" + strconv.Itoa(i) }},
			{"values of a map", func(i int) string { return degrade.Key("offers", "sku-"+strconv.Itoa(i)) }},
		} {
			r := reportOf(n, kind.pathOf)
			call := func() {
				_, _ = server(sent, nil, info, func(ctx context.Context, _ any) (any, error) {
					degrade.Add(ctx, r)
					return &testv1.GetPlainResponse{}, nil
				})
			}
			systems := twice(fmt.Sprintf("%d of %s", n, kind.name), call)
			systems[0].Goal = goal
			all = append(all, comparison{"markers into the trailer", measure.Each(time.Microsecond, "µs"), systems})
		}
	}
	return all, nothing, nil
}

// reportOf returns a report as a plan makes it.
func reportOf(n int, pathOf func(i int) string) degrade.Report {
	marked := make([]degrade.Marker, n)
	for i := range marked {
		path := pathOf(i)
		marked[i] = degrade.Marker{
			Path: path, State: degrade.Missing, Reason: degrade.ReasonTimeout,
			Source: degrade.Source{Name: path, Origin: "GetDashboard/" + path, Elapsed: 45 * time.Millisecond, Code: 4},
		}
	}
	return degrade.NewReport(marked...)
}

// trailers is what gRPC gives a handler's call, without a network.
type trailers struct{}

func (trailers) Method() string               { return "/bench.Service/Get" }
func (trailers) SetHeader(metadata.MD) error  { return nil }
func (trailers) SendHeader(metadata.MD) error { return nil }
func (trailers) SetTrailer(metadata.MD) error { return nil }
