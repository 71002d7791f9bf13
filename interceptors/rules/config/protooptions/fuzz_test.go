package protooptions_test

import (
	"log/slog"
	"strings"
	"testing"
	"unicode"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/rules/config/protooptions"
	optionsv1 "github.com/afloat-go/afloat/proto/afloat/options/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// FuzzOptions reads anything as the options of a method, in descriptors that are loaded at
// run time: they are refused with a place in every line, or in force.
func FuzzOptions(f *testing.F) {
	number := optionsv1.E_Method.TypeDescriptor().Number()
	for _, r := range []*policyv1.Rule{
		{},
		{Match: "/a.B/C"},
		{Timeout: &policyv1.Timeout{Max: &durationpb.Duration{Seconds: 1}}},
		{Timeout: &policyv1.Timeout{Max: &durationpb.Duration{Seconds: -1 << 62, Nanos: 1 << 30}}},
		{Bulkhead: &policyv1.Bulkhead{MaxConcurrent: 20}, Side: policyv1.Side_SIDE_SERVER},
		{Breaker: &policyv1.Breaker{Compartment: "none"}, Custom: []*policyv1.Custom{{Name: "\x1b[2J"}}},
	} {
		encoded, err := proto.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), encoded))
	}
	f.Add(protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), 7))
	f.Fuzz(func(t *testing.T, options []byte) {
		known := new(descriptorpb.MethodOptions)
		if proto.Unmarshal(options, known) != nil {
			return
		}
		files, err := protodesc.NewFiles(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{service(known)}})
		if err != nil {
			return
		}
		s, err := config.New(protooptions.WithRules(), config.WithDescriptors(files), config.WithLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.HasPrefix(line, "fuzz.proto: fuzz.Service.Call") || strings.ContainsFunc(line, unicode.IsControl) {
					t.Fatalf("refused with %q; want a place and words in every line", line)
				}
			}
			return
		}
		s.Rules().Resolve(&policy.Call{Method: "/fuzz.Service/Call"})
		s.Snapshot()
	})
}

// service is a file with one method that has the options.
func service(options *descriptorpb.MethodOptions) *descriptorpb.FileDescriptorProto {
	return &descriptorpb.FileDescriptorProto{
		Name: new("fuzz.proto"), Package: new("fuzz"), Syntax: new("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: new("Empty")}},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: new("Service"),
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name: new("Call"), InputType: new(".fuzz.Empty"), OutputType: new(".fuzz.Empty"), Options: options,
			}},
		}},
	}
}
