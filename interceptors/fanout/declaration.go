package fanout

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Declaration is what the author of a message declares about how to fill one of its
// fields. The zero Declaration declares nothing. See [Config.Declared].
type Declaration struct {
	// Need is whether the response can do without the field. Default: not
	// declared.
	Need Need
	// Timeout is the longest timeout that the source may set, and its default
	// timeout. It applies to the source itself, not to its fallbacks, and to each
	// element of a list. Range [1ms, 24h]. Default 0: not declared.
	Timeout time.Duration
	// NeverStale: the field must not hold an old value, so its source must not
	// have a [Field.Stale] step. Default false.
	NeverStale bool
}

// Need is whether a response can do without a field.
type Need uint8

// The needs.
const (
	// NeedNotSaid: not declared; either is allowed.
	NeedNotSaid Need = iota
	// NeedRequired: the source must be [Required].
	NeedRequired
	// NeedOptional: the source must be [Optional], or [Each].
	NeedOptional
)

// declared is what the author of the message declares about the field at the
// path.
func (c Config) declared(path string, md protoreflect.MessageDescriptor) (Declaration, error) {
	fd := descriptorOf(path, md)
	if c.Declared == nil || fd == nil {
		return Declaration{}, nil
	}
	return c.Declared(fd)
}

// descriptorOf finds the field at a path, nil if there is none. For the elements
// of a list and the values of a map, it is the field that holds them.
func descriptorOf(path string, md protoreflect.MessageDescriptor) (fd protoreflect.FieldDescriptor) {
	path, _, _ = strings.Cut(path, "[")
	for name := range strings.SplitSeq(path, ".") {
		if md == nil {
			return nil
		}
		if fd = md.Fields().ByName(protoreflect.Name(name)); fd == nil {
			return nil
		}
		md = fd.Message()
	}
	return fd
}

func (f Field[Req, Resp, T]) declare(label string, d Declaration) (Source[Req, Resp], error) {
	var err error
	f.builder, err = obey(f.builder, label, f.required, d)
	return f, err
}

func (e Elements[Req, Resp, K, T]) declare(label string, d Declaration) (Source[Req, Resp], error) {
	var err error
	e.builder, err = obey(e.builder, label, false, d)
	return e, err
}

// obey checks a source against the declaration of its field, and gives it the
// declared timeout if it has none.
func obey[In, T any](
	b attempt.Builder[In, T], label string, required bool, d Declaration,
) (attempt.Builder[In, T], error) {
	f := validate.Of(label)
	f.Require(d.Need != NeedRequired || required, "need", "optional", "required, as the field is declared")
	f.Require(d.Need != NeedOptional || !required, "need", "required", "optional, as the field is declared")
	f.Require(!d.NeverStale || !b.HasStale(), "stale", "a step", "left out, as the field is declared")
	if d.Timeout != 0 {
		validate.Between(f, "declared timeout", d.Timeout, time.Millisecond, 24*time.Hour)
		f.Require(b.FirstTimeout() <= d.Timeout, "timeout", b.FirstTimeout(), fmt.Sprintf("at most %v, as the field is declared", d.Timeout))
		b = b.BoundFirst(d.Timeout)
	}
	return b, f.Err()
}
