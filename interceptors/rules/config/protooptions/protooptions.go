package protooptions

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	optionsv1 "github.com/afloat-go/afloat/proto/afloat/options/v1"
)

// WithRules takes rules from the options of the methods and services of all linked
// .proto files. Rules of a file and of code take precedence.
func WithRules() config.Option {
	return config.WithExtensions(optionsv1.E_Method, optionsv1.E_Service)
}

// Declared returns what the options of a field say about how to fill it, or all
// faults of them. It is for the Declared field of fanout.Config.
func Declared(fd protoreflect.FieldDescriptor) (fanout.Declaration, error) {
	options := fd.Options()
	if !proto.HasExtension(options, optionsv1.E_Field) {
		return fanout.Declaration{}, nil
	}
	field, _ := proto.GetExtension(options, optionsv1.E_Field).(*optionsv1.Field)
	d := fanout.Declaration{
		Timeout:    field.GetTimeout().AsDuration(),
		NeverStale: field.MayBeStale != nil && !field.GetMayBeStale(),
	}
	f := validate.Of(fmt.Sprintf("options of %s", fd.FullName()))
	// In a Declaration, zero means not declared. The plan checks the range.
	f.Require(field.GetTimeout() == nil || d.Timeout != 0, "timeout", d.Timeout, "in [1ms, 24h0m0s], or left out")
	switch need := field.GetNeed(); need {
	case optionsv1.Need_NEED_UNSPECIFIED:
	case optionsv1.Need_NEED_REQUIRED:
		d.Need = fanout.NeedRequired
	case optionsv1.Need_NEED_OPTIONAL:
		d.Need = fanout.NeedOptional
	default:
		f.Require(false, "need", need, "NEED_REQUIRED or NEED_OPTIONAL, or left out")
	}
	if err := f.Err(); err != nil {
		return fanout.Declaration{}, err
	}
	return d, nil
}
