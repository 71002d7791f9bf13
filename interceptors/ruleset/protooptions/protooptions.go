package protooptions

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/ruleset"
	optionsv1 "github.com/afloat-go/afloat/proto/afloat/options/v1"
)

// Rules takes rules from the options of the methods and services of all linked
// .proto files. A file and code have precedence.
func Rules() ruleset.Option {
	return ruleset.WithExtensions(optionsv1.E_Method, optionsv1.E_Service)
}

// Declared returns what the options of a field say of how it is to be filled. It is
// for fanout.Config.
func Declared(fd protoreflect.FieldDescriptor) fanout.Declaration {
	options := fd.Options()
	if !proto.HasExtension(options, optionsv1.E_Field) {
		return fanout.Declaration{}
	}
	field, _ := proto.GetExtension(options, optionsv1.E_Field).(*optionsv1.Field)
	d := fanout.Declaration{
		Timeout:    field.GetTimeout().AsDuration(),
		NeverStale: field.MayBeStale != nil && !field.GetMayBeStale(),
	}
	switch field.GetNeed() {
	case optionsv1.Need_NEED_UNSPECIFIED:
	case optionsv1.Need_NEED_REQUIRED:
		d.Need = fanout.NeedRequired
	case optionsv1.Need_NEED_OPTIONAL:
		d.Need = fanout.NeedOptional
	}
	return d
}
