package protooptions_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/fanout"
	testoptionsv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/options/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/rules/config/protooptions"
	optionsv1 "github.com/afloat-go/afloat/proto/afloat/options/v1"
)

const (
	charge = testoptionsv1.PaymentService_Charge_FullMethodName
	refund = testoptionsv1.PaymentService_Refund_FullMethodName
	item   = testoptionsv1.CatalogService_GetItem_FullMethodName
)

func newSet(tb testing.TB, opts ...config.Option) *config.Set {
	tb.Helper()
	s, err := config.New(append(opts, protooptions.WithRules(), config.WithLogger(slog.New(slog.DiscardHandler)))...)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// kinds are those of the policies that a call has.
func kinds(s *config.Set, call policy.Call) string {
	s.Rules().Resolve(&call)
	var all []string
	for _, p := range s.Snapshot().Policies {
		if p.Side == call.Side && (p.Name == call.Method || p.Name == "*" && p.Match == match(s, call)) {
			all = append(all, p.Kind)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// match is that of the rule of a call.
func match(s *config.Set, call policy.Call) string {
	for _, r := range s.Rules().Matching(&call) {
		return r.Match
	}
	return "none"
}

// What the author of an API says holds for the methods of linked stubs; any other
// method has the rules that it would have without.
func TestOptionsOfMethodsAndServices(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, tt := range []struct {
		name        string
		call        policy.Call
		match, want string
	}{
		{"a method's on clients", policy.Call{Method: charge}, charge, "breaker"},
		{"a method's on servers", policy.Call{Method: charge, Side: policy.Server}, charge, "bulkhead"},
		{"the service's where the method has none", policy.Call{Method: charge, Side: policy.Local}, "/afloat.test.options.v1.PaymentService/*", "timeout"},
		{"the service's", policy.Call{Method: refund}, "/afloat.test.options.v1.PaymentService/*", "timeout"},
		{"a service without", policy.Call{Method: item}, "*", "breaker bulkhead timeout"},
		{"an unknown method of the service", policy.Call{Method: "/afloat.test.options.v1.PaymentService/New"}, "/afloat.test.options.v1.PaymentService/*", "timeout"},
		{"an unknown service", policy.Call{Method: "/no.Stubs/Linked"}, "*", "breaker bulkhead timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := match(s, tt.call); got != tt.match {
				t.Errorf("rule %q; want %q", got, tt.match)
			}
			if got := kinds(s, tt.call); got != tt.want {
				t.Errorf("policies %q; want %q", got, tt.want)
			}
		})
	}
}

func TestFileHasPrecedenceOverOptions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	text := fmt.Sprintf("rules: [{match: %s, side: client, timeout: {max: 1s}}]", charge)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSet(t, config.WithFile(path))
	if got := kinds(s, policy.Call{Method: charge}); got != "timeout" {
		t.Errorf("a client has %q; want what the file says", got)
	}
	if got := kinds(s, policy.Call{Method: charge, Side: policy.Server}); got != "bulkhead" {
		t.Errorf("a server has %q; want what the options say", got)
	}
	var places []string
	for _, r := range s.Snapshot().Rules {
		if r.Source == config.Options {
			places = append(places, r.Place)
		}
	}
	want := []string{
		"afloat/test/options/v1/shop.proto: afloat.test.options.v1.PaymentService.Charge",
		"afloat/test/options/v1/shop.proto: afloat.test.options.v1.PaymentService",
	}
	if !slices.Equal(places, want) {
		t.Errorf("places %q; want %q", places, want)
	}
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	fields := (&testoptionsv1.GetItemResponse{}).ProtoReflect().Descriptor().Fields()
	for name, want := range map[protoreflect.Name]fanout.Declaration{
		"name":    {Need: fanout.NeedRequired, Timeout: time.Second, NeverStale: true},
		"price":   {Need: fanout.NeedOptional, Timeout: 200 * time.Millisecond},
		"color":   {},
		"reviews": {Need: fanout.NeedOptional, NeverStale: true},
	} {
		if got, err := protooptions.Declared(fields.ByName(name)); got != want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
	}
}

// What a declaration has no room for is told, and not taken for nothing.
func TestDeclaredFaults(t *testing.T) {
	t.Parallel()
	options := &descriptorpb.FieldOptions{}
	proto.SetExtension(options, optionsv1.E_Field, &optionsv1.Field{Need: 7, Timeout: &durationpb.Duration{}})
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new("muddled.proto"), Package: new("muddled"), Syntax: new("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: new("Answer"),
			Field: []*descriptorpb.FieldDescriptorProto{
				{Name: new("price"), Number: new(int32(1)), Type: new(descriptorpb.FieldDescriptorProto_TYPE_STRING), Options: options},
			},
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "options of muddled.Answer.price: timeout = 0s; must be in [1ms, 24h0m0s], or left out\n" +
		"options of muddled.Answer.price: need = 7; must be NEED_REQUIRED or NEED_OPTIONAL, or left out"
	got, err := protooptions.Declared(file.Messages().Get(0).Fields().Get(0))
	if err == nil || err.Error() != want || got != (fanout.Declaration{}) {
		t.Errorf("declared %+v, %v; want %s", got, err, want)
	}
}
