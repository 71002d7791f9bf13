package config

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"

	optionsv1 "github.com/afloat-go/afloat/proto/afloat/options/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// filesOf has one service, with the rules in the options of its method.
func filesOf(tb testing.TB, given ...*policyv1.Rule) *protoregistry.Files {
	tb.Helper()
	options := new(descriptorpb.MethodOptions)
	proto.SetExtension(options, optionsv1.E_Method, given)
	return filesWith(tb, options)
}

// filesWith has one service, whose method has the options.
func filesWith(tb testing.TB, options *descriptorpb.MethodOptions) *protoregistry.Files {
	tb.Helper()
	fd, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new("shop/v1/shop.proto"), Package: new("shop.v1"), Syntax: new("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: new("Empty")}},
		Service: []*descriptorpb.ServiceDescriptorProto{{
			Name: new("Shop"),
			Method: []*descriptorpb.MethodDescriptorProto{{
				Name: new("Get"), InputType: new(".shop.v1.Empty"), OutputType: new(".shop.v1.Empty"),
				Options: options,
			}},
		}},
	}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	files := new(protoregistry.Files)
	if err := files.RegisterFile(fd); err != nil {
		tb.Fatal(err)
	}
	return files
}

// optionsOf are the rules that the files state.
func optionsOf(tb testing.TB, files *protoregistry.Files) []optional {
	tb.Helper()
	found, err := extensions{optionsv1.E_Method, optionsv1.E_Service}.find(files)
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// decodedBy are the files as a program has them that decodes them with these types.
func decodedBy(tb testing.TB, types *protoregistry.Types, files *protoregistry.Files) *protoregistry.Files {
	tb.Helper()
	decoded := new(protoregistry.Files)
	files.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		data, err := proto.Marshal(protodesc.ToFileDescriptorProto(fd))
		if err != nil {
			tb.Fatal(err)
		}
		m := new(descriptorpb.FileDescriptorProto)
		if err := (proto.UnmarshalOptions{Resolver: types}).Unmarshal(data, m); err != nil {
			tb.Fatal(err)
		}
		again, err := protodesc.NewFile(m, nil)
		if err := errors.Join(err, decoded.RegisterFile(again)); err != nil {
			tb.Fatal(err)
		}
		return true
	})
	return decoded
}

// Descriptors that come over the wire have options that were decoded without the
// extension, or by a type of their own for it.
func TestOptionsThatWereDecodedOtherwise(t *testing.T) {
	t.Parallel()
	want := &policyv1.Rule{Timeout: &policyv1.Timeout{Max: durationpb.New(time.Second)}}
	dynamic := new(protoregistry.Types)
	if err := dynamic.RegisterExtension(dynamicpb.NewExtensionType(optionsv1.E_Method.TypeDescriptor().Descriptor())); err != nil {
		t.Fatal(err)
	}
	for name, types := range map[string]*protoregistry.Types{"without": new(protoregistry.Types), "dynamic": dynamic} {
		found := optionsOf(t, decodedBy(t, types, filesOf(t, want)))
		if len(found) != 1 || !proto.Equal(found[0].rule, want) || found[0].match != "/shop.v1.Shop/Get" {
			t.Errorf("%s: %v; want the rule", name, found)
		}
	}
}

// The number may be somebody else's.
func TestOptionsOfOthers(t *testing.T) {
	t.Parallel()
	options := new(descriptorpb.MethodOptions)
	number := optionsv1.E_Method.TypeDescriptor().Number()
	options.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), "theirs"))
	_, err := New(
		WithExtensions(optionsv1.E_Method, optionsv1.E_Service), WithLogger(slog.New(slog.DiscardHandler)),
		WithDescriptors(filesWith(t, options)),
	)
	const want = "shop/v1/shop.proto: shop.v1.Shop.Get: option 74128 is not that of afloat.options.v1.method: "
	if !strings.HasPrefix(text(err), want) {
		t.Errorf("error = %v; want %s…", err, want)
	}
}

func TestFaultsOfOptions(t *testing.T) {
	t.Parallel()
	const at = "shop/v1/shop.proto: shop.v1.Shop.Get: "
	for _, tt := range []struct {
		name  string
		rules []*policyv1.Rule
		want  string
	}{
		{"match", []*policyv1.Rule{{Match: "*"}}, at + `method[0].match = "*"; must be left out in options: the rule is for /shop.v1.Shop/Get`},
		{"range", []*policyv1.Rule{{Timeout: &policyv1.Timeout{Max: durationpb.New(48 * time.Hour)}}}, at + "method[0].timeout.max = 48h0m0s; must be in [1ms, 24h]"},
		{"missing", []*policyv1.Rule{{}, {Shadow: true, Bulkhead: &policyv1.Bulkhead{}}}, at + "method[1].bulkhead.max_concurrent: is missing; must be in [1, 1000000]"},
		{"compartment", []*policyv1.Rule{{Bulkhead: &policyv1.Bulkhead{Compartment: "stock"}}}, at + `method[0].bulkhead.compartment = "stock"; must be a compartment with a bulkhead; there are: payments`},
		{"twice", []*policyv1.Rule{{}, {}}, at + "method[1]: is for the same calls as method[0]; there must be one rule"},
		{"fine", []*policyv1.Rule{{Side: policyv1.Side_SIDE_SERVER}, {Side: policyv1.Side_SIDE_CLIENT, Bulkhead: &policyv1.Bulkhead{Compartment: "payments"}}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := layers{
				kinds:   ownKinds(),
				options: optionsOf(t, filesOf(t, tt.rules...)),
				file:    Parse("rules.yaml", []byte("compartments: {payments: {bulkhead: {max_concurrent: 1}}}\nrules: []\n")),
			}
			_, err := l.compile()
			if got := text(err); got != tt.want {
				t.Errorf("error = %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Of a file that cannot be read nobody knows which compartments it has.
func TestOptionsBesideAFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	options := optionsOf(t, filesOf(t,
		&policyv1.Rule{Bulkhead: &policyv1.Bulkhead{Compartment: "payments"}, Breaker: &policyv1.Breaker{Probes: new(int32)}},
	))
	const probes = "shop/v1/shop.proto: shop.v1.Shop.Get: method[0].breaker.probes = 0; must be in [1, 1000]\n"
	for file, want := range map[string]string{
		"rules: [":                                      probes + "rules.yaml:2:1: a value must stand here; are all brackets closed?",
		"{rules: [], compartments: 5}":                  probes + "rules.yaml:1:27: compartments = 5; must be a group of names; {} is one without any",
		"{rules: [], compartments: {payments: 5}}":      probes + "rules.yaml:1:38: compartments.payments = 5; must be a group of fields; {} is one without any",
		"{rules: [], compartments: {payments: {x: 5}}}": probes + "rules.yaml:1:39: compartments.payments.x: is no field here; there are: breaker, bulkhead, custom, overload, rate_limit",
	} {
		_, err := layers{kinds: ownKinds(), options: options, file: Parse("rules.yaml", []byte(file))}.compile()
		if got := text(err); got != want {
			t.Errorf("%s: error = %s\nwant %s", file, got, want)
		}
	}
}

// Tools know APIs by descriptors alone.
func TestOptionsOfDescriptors(t *testing.T) {
	t.Parallel()
	s, err := New(
		WithExtensions(optionsv1.E_Method, optionsv1.E_Service), WithLogger(slog.New(slog.DiscardHandler)),
		WithDescriptors(filesOf(t, &policyv1.Rule{Timeout: &policyv1.Timeout{Max: durationpb.New(time.Second)}})),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Snapshot().Rules {
		if r.Source == Options && r.Match == "/shop.v1.Shop/Get" {
			return
		}
	}
	t.Error("the options of the descriptors are not among the rules")
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestExtensionsMustBeForRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		x    extensions
		want string
	}{
		{"none", extensions{optionsv1.E_Method, nil}, "extension for a service = nil; must be one of google.protobuf.ServiceOptions"},
		{"of another message", extensions{optionsv1.E_Service, optionsv1.E_Service}, "extension for a method = afloat.options.v1.service; must be repeated afloat.policy.v1.Rule of google.protobuf.MethodOptions"},
		{"not for rules", extensions{optionsv1.E_Method, optionsv1.E_Field}, "extension for a service = afloat.options.v1.field; must be repeated afloat.policy.v1.Rule of google.protobuf.ServiceOptions"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.x.check(); err == nil || !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("error = %v; want %s", err, tt.want)
			}
		})
	}
	if err := (extensions{optionsv1.E_Method, optionsv1.E_Service}).check(); err != nil {
		t.Errorf("afloat's own: %v", err)
	}
}

func TestSourcesHaveNames(t *testing.T) {
	t.Parallel()
	for s, want := range map[Source]string{BuiltIn: "built-in", Options: "options", File: "file", Code: "code", 9: "Source(9)"} {
		if s.String() != want {
			t.Errorf("%q; want %q", s, want)
		}
	}
}

// A read error of any kind is told with the file.
func TestErrorsOfReading(t *testing.T) {
	t.Parallel()
	if got := errRead("a.yaml", errors.New("disk on fire")).Error(); got != "a.yaml: cannot be read: disk on fire" {
		t.Errorf("%q", got)
	}
}
