package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// markers measures what it takes a server to put markers into a trailer: those of fields,
// and those of values of a map, of which several become one where there is no room.
func markers(ctx context.Context) ([]comparison, func() error, error) {
	sent := grpc.NewContextWithServerTransportStream(ctx, trailers{})
	server, info := degrade.UnaryServerInterceptor(), &grpc.UnaryServerInfo{FullMethod: "/bench.Service/Get"}
	md, err := wide(500)
	if err != nil {
		return nil, nil, err
	}
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
					return dynamicpb.NewMessage(md), nil
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

// wide returns the type of a message with so many fields, and a map of offers.
func wide(fields int) (protoreflect.MessageDescriptor, error) {
	text, list := descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	field := func(name string, number int32) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Type: &text}
	}
	m := &descriptorpb.DescriptorProto{Name: new("Wide"), NestedType: []*descriptorpb.DescriptorProto{{
		Name: new("OffersEntry"), Options: &descriptorpb.MessageOptions{MapEntry: new(true)},
		Field: []*descriptorpb.FieldDescriptorProto{field("key", 1), field("value", 2)},
	}}}
	for i := range fields {
		m.Field = append(m.Field, field("field_"+strconv.Itoa(i), int32(2+i)))
	}
	offers := field("offers", 1)
	offers.Type, offers.Label = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), &list
	offers.TypeName = new(".bench.Wide.OffersEntry")
	m.Field = append(m.Field, offers)
	f, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new("bench/wide.proto"), Package: new("bench"), Syntax: new("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{m},
	}, nil)
	if err != nil {
		return nil, err
	}
	return f.Messages().Get(0), nil
}

// trailers is what gRPC gives a handler's call, without a network.
type trailers struct{}

func (trailers) Method() string               { return "/bench.Service/Get" }
func (trailers) SetHeader(metadata.MD) error  { return nil }
func (trailers) SendHeader(metadata.MD) error { return nil }
func (trailers) SetTrailer(metadata.MD) error { return nil }
