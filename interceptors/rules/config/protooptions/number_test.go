package protooptions_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/rules/config/protooptions"
	optionsv1 "github.com/afloat-go/afloat/proto/afloat/options/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// numbered returns options that hold a message under a number.
func numbered(tb testing.TB, options, m proto.Message, number int) proto.Message {
	tb.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	n := protowire.Number(number)
	options.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), b))
	return options
}

// The number is the one of the .proto file.
func TestNumberIsThatOfTheProtoFile(t *testing.T) {
	t.Parallel()
	for _, x := range []protoreflect.ExtensionType{optionsv1.E_Method, optionsv1.E_Service, optionsv1.E_Field} {
		if got := x.TypeDescriptor().Number(); got != protooptions.Number {
			t.Errorf("%s has the number %d; want %d", x.TypeDescriptor().FullName(), got, protooptions.Number)
		}
	}
}

func TestRulesUnderAnotherNumber(t *testing.T) {
	t.Parallel()
	rule := &policyv1.Rule{Timeout: &policyv1.Timeout{Max: durationpb.New(time.Second)}}
	options, _ := numbered(t, &descriptorpb.MethodOptions{}, rule, 50123).(*descriptorpb.MethodOptions)
	files, err := protodesc.NewFiles(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{service(options)}})
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[int]bool{50123: true, 50124: false, protooptions.Number: false} {
		s, err := config.New(protooptions.WithRules(protooptions.WithNumber(number)), config.WithDescriptors(files),
			config.WithLogger(slog.New(slog.DiscardHandler)))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, r := range s.Snapshot().Rules {
			found = found || r.Source == config.Options && r.Match == "/fuzz.Service/Call"
		}
		if found != want {
			t.Errorf("number %d: found the rule: %v; want %v", number, found, want)
		}
	}
}

func TestFieldsUnderAnotherNumber(t *testing.T) {
	t.Parallel()
	declared := &optionsv1.Field{Need: optionsv1.Need_NEED_OPTIONAL, Timeout: durationpb.New(time.Second), MayBeStale: new(false)}
	read := func(options proto.Message, number int) (fanout.Declaration, error) {
		field, _ := options.(*descriptorpb.FieldOptions)
		file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
			Name: new("other.proto"), Package: new("other"), Syntax: new("proto3"),
			MessageType: []*descriptorpb.DescriptorProto{{Name: new("Answer"), Field: []*descriptorpb.FieldDescriptorProto{
				{Name: new("price"), Number: new(int32(1)), Type: new(descriptorpb.FieldDescriptorProto_TYPE_STRING), Options: field},
			}}},
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return protooptions.DeclaredWith(protooptions.WithNumber(number))(file.Messages().Get(0).Fields().Get(0))
	}
	for number, want := range map[int]fanout.Declaration{
		50123:               {Need: fanout.NeedOptional, Timeout: time.Second, NeverStale: true},
		protooptions.Number: {},
	} {
		if got, err := read(numbered(t, &descriptorpb.FieldOptions{}, declared, 50123), number); got != want || err != nil {
			t.Errorf("number %d: %+v, %v; want %+v", number, got, err, want)
		}
	}
	theirs := &descriptorpb.FieldOptions{}
	theirs.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 50123, protowire.VarintType), 7))
	if _, err := read(theirs, 50123); err == nil || !strings.Contains(err.Error(), "options of other.Answer.price: option 50123 is not that of afloat.options.v1.field") {
		t.Errorf("%v; want it to say that the option is somebody else's", err)
	}
}

func TestNumbersThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, 0, 19000, 19999, 1 << 29} {
		if err := protooptions.CheckNumber(n); err == nil || !strings.Contains(err.Error(), "must be in [1, 536870911] and not in [19000, 19999]") {
			t.Errorf("number %d: %v; want it refused", n, err)
		}
		if _, err := config.New(protooptions.WithRules(protooptions.WithNumber(n)), config.WithLogger(slog.New(slog.DiscardHandler))); err == nil {
			t.Errorf("number %d: a set has it", n)
		}
	}
	for _, n := range []int{1, 18999, 20000, protooptions.Number, 1<<29 - 1} {
		if err := protooptions.CheckNumber(n); err != nil {
			t.Error(err)
		}
	}
}
