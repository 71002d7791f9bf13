package protooptions

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/runtime/protoiface"
	"google.golang.org/protobuf/runtime/protoimpl"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Number is the number of the options: of the extensions of google.protobuf.MethodOptions,
// ServiceOptions and FieldOptions in afloat/options/v1/options.proto. It is from the range
// that protobuf sets aside for use within one organisation.
const Number = 74128

// Option changes how the options of .proto files are read.
type Option interface{ apply(*reader) }

// WithNumber reads options that have another number, as in a copy of options.proto that was
// written by afloat proto export -number. Range [1, 536870911], without those that protobuf
// keeps for itself, 19000 to 19999. Default: [Number].
func WithNumber(n int) Option { return numberOption(n) }

type numberOption int

func (n numberOption) apply(r *reader) { r.number = int(n) }

// CheckNumber returns an error if options cannot have the number, see [WithNumber].
func CheckNumber(n int) error {
	if n < 1 || n > int(protowire.MaxValidNumber) || n >= int(protowire.FirstReservedNumber) && n <= int(protowire.LastReservedNumber) {
		return fmt.Errorf("protooptions: number = %d; must be in [1, %d] and not in [%d, %d]",
			n, protowire.MaxValidNumber, protowire.FirstReservedNumber, protowire.LastReservedNumber)
	}
	return nil
}

// reader reads options.
type reader struct{ number int }

// readerOf returns one with options of its own.
func readerOf(opts []Option) reader {
	r := reader{number: Number}
	for _, o := range opts {
		o.apply(&r)
	}
	return r
}

// WithRules takes rules from the options of the methods and services of all linked
// .proto files. Rules of a file and of code take precedence. A number that cannot be is a
// fault that config.New reports.
func WithRules(opts ...Option) config.Option {
	r := readerOf(opts)
	if CheckNumber(r.number) != nil {
		return config.WithExtensions(nil, nil)
	}
	return config.WithExtensions(
		r.rules("afloat.options.v1.method", (*descriptorpb.MethodOptions)(nil)),
		r.rules("afloat.options.v1.service", (*descriptorpb.ServiceOptions)(nil)))
}

// rules returns the extension of options that is a list of rules. It is not registered, so
// the number may be anybody's in this program.
func (r reader) rules(name string, of protoiface.MessageV1) *protoimpl.ExtensionInfo {
	//nolint:staticcheck // there is no other way to make one that no generated code has
	return &protoimpl.ExtensionInfo{
		ExtendedType: of, ExtensionType: ([]*policyv1.Rule)(nil), Field: int32(r.number), //nolint:gosec // it was checked
		Name: name, Tag: fmt.Sprintf("bytes,%d,rep,name=%s", r.number, name[strings.LastIndexByte(name, '.')+1:]),
		Filename: "afloat/options/v1/options.proto",
	}
}
