package protooptions

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/fanout"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Declared returns what the options of a field say about how to fill it, or all
// faults of them. It is for the Declared field of fanout.Config.
func Declared(fd protoreflect.FieldDescriptor) (fanout.Declaration, error) {
	return readerOf(nil).declared(fd)
}

// DeclaredWith returns a function that does what [Declared] does, with options.
func DeclaredWith(opts ...Option) func(fd protoreflect.FieldDescriptor) (fanout.Declaration, error) {
	return readerOf(opts).declared
}

// declared does what Declared does.
func (r reader) declared(fd protoreflect.FieldDescriptor) (fanout.Declaration, error) {
	if err := CheckNumber(r.number); err != nil {
		return fanout.Declaration{}, err
	}
	label := fmt.Sprintf("options of %s", fd.FullName())
	var field field
	data, err := proto.Marshal(fd.Options())
	if err == nil {
		err = field.read(data, protowire.Number(r.number)) //nolint:gosec // it was checked
	}
	if err != nil {
		return fanout.Declaration{}, fmt.Errorf("%s: option %d is not that of afloat.options.v1.field: %w", label, r.number, err)
	}
	return field.declaration(label)
}

// field is an afloat.options.v1.Field. It is read off the wire by hand: the generated code
// would register the extensions with their numbers, which may be somebody else's.
type field struct {
	need       uint64
	timeout    *durationpb.Duration // nil: there is none
	neverStale bool
}

// read reads the field from the options with the number.
func (f *field) read(options []byte, number protowire.Number) error {
	return records(options, func(n protowire.Number, kind protowire.Type, value []byte) error {
		switch {
		case n != number:
			return nil
		case kind != protowire.BytesType:
			return fmt.Errorf("wire type = %d; must be %d", kind, protowire.BytesType)
		default:
			message, _ := protowire.ConsumeBytes(value)
			return records(message, f.take)
		}
	})
}

// take reads one of its own fields. Unknown ones are of a later version.
func (f *field) take(n protowire.Number, kind protowire.Type, value []byte) error {
	const need, timeout, mayBeStale = 1, 2, 3
	number, _ := protowire.ConsumeVarint(value)
	switch {
	case n == need && kind == protowire.VarintType:
		f.need = number
	case n == mayBeStale && kind == protowire.VarintType:
		f.neverStale = number == 0
	case n == timeout && kind == protowire.BytesType:
		if f.timeout == nil {
			f.timeout = new(durationpb.Duration)
		}
		message, _ := protowire.ConsumeBytes(value)
		return proto.UnmarshalOptions{Merge: true}.Unmarshal(message, f.timeout)
	}
	return nil
}

// records calls f for each record of a message on the wire.
func records(b []byte, f func(n protowire.Number, kind protowire.Type, value []byte) error) error {
	for len(b) > 0 {
		n, kind, tag := protowire.ConsumeTag(b)
		if tag < 0 {
			return protowire.ParseError(tag)
		}
		size := protowire.ConsumeFieldValue(n, kind, b[tag:])
		if size < 0 {
			return protowire.ParseError(size)
		}
		if err := f(n, kind, b[tag:tag+size]); err != nil {
			return err
		}
		b = b[tag+size:]
	}
	return nil
}

// declaration returns what the field says, or its faults.
func (f *field) declaration(label string) (fanout.Declaration, error) {
	d := fanout.Declaration{Timeout: f.timeout.AsDuration(), NeverStale: f.neverStale}
	faults := validate.Of(label)
	// In a Declaration, zero means not declared. The plan checks the range.
	faults.Require(f.timeout == nil || d.Timeout != 0, "timeout", d.Timeout, "in ["+time.Millisecond.String()+", 24h0m0s], or left out")
	const unspecified, required, optional = 0, 1, 2 // of afloat.options.v1.Need
	switch f.need {
	case unspecified:
	case required:
		d.Need = fanout.NeedRequired
	case optional:
		d.Need = fanout.NeedOptional
	default:
		faults.Require(false, "need", f.need, "NEED_REQUIRED or NEED_OPTIONAL, or left out")
	}
	if err := faults.Err(); err != nil {
		return fanout.Declaration{}, err
	}
	return d, nil
}
