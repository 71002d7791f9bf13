package degrade

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// MaxRequired is how many fields a call may require, see [Require].
const MaxRequired = 100

// RequireComplete returns a call option that turns an incomplete response into an
// error, an [*IncompleteError]. The server learns of the requirement, so that it
// can stop work on a response that cannot become complete; the error is the same where it
// did, and wraps the server's, except that of a server with [WithSilence], which does not
// say why it fails. A response without a report is an error too. RequireComplete needs the
// client interceptors of this package: without them, gRPC fails the call with INTERNAL. A
// stream is not bound by it; but if its server fails it for being incomplete, that is an
// *IncompleteError too.
func RequireComplete() grpc.CallOption { return requiring(requirement{all: true}) }

// Require returns a call option that does for some fields of a response what
// [RequireComplete] does for all of them: the call fails if one of the fields at the
// paths, from 1 to [MaxRequired], or something within it, is degraded. Others may be. A
// response without a report is an error too. A path that is malformed or not of the
// response's message fails the call with INVALID_ARGUMENT before anybody is asked. Several
// such options add up.
func Require(paths ...string) grpc.CallOption {
	return requiring(requirement{fields: slices.Clone(paths), some: true})
}

// RequiresComplete reports whether [RequireComplete] or [Require] is among the options of
// a call. It is for code that answers calls in place of a server, see [Deliver]: it must
// not answer such a call with a response that is degraded as a whole.
func RequiresComplete(opts []grpc.CallOption) bool {
	return slices.ContainsFunc(opts, func(o grpc.CallOption) bool {
		_, ok := o.(requireOption)
		return ok
	})
}

// CompleteRequired reports whether the caller wants the response that is being
// made under ctx complete or not at all, see [RequireComplete]. Once such a
// response cannot become complete, further work on it is wasted.
func CompleteRequired(ctx context.Context) bool {
	a, ok := attachmentOf(ctx)
	return ok && a.scope.required.all
}

// FieldsRequired returns the paths of those fields without which the caller does not want
// the response that is being made under ctx, see [Require]. It must not be changed.
func FieldsRequired(ctx context.Context) []string {
	a, ok := attachmentOf(ctx)
	if !ok {
		return nil
	}
	return a.scope.required.fields
}

// CheckRequired returns the error that the response that is being made under ctx must fail
// with if r is all that there is to say of it: an [*IncompleteError] if something is
// degraded that the caller requires, see [RequireComplete] and [Require], else nil.
func CheckRequired(ctx context.Context, r Report) error {
	a, ok := attachmentOf(ctx)
	if !ok {
		return nil
	}
	return a.scope.required.unmet(r)
}

// requireOption is a Require or a RequireComplete. gRPC gets to see it only where no
// interceptor of this package does, and then cannot encode the call: an answer might be
// incomplete, and nobody would know. Of all that options can do, this is what others rarely
// undo.
type requireOption struct {
	grpc.ForceCodecV2CallOption

	requirement requirement
}

// requiring returns the option of a requirement.
func requiring(q requirement) requireOption {
	return requireOption{grpc.ForceCodecV2CallOption{CodecV2: noCodec{}}, q}
}

// noCodec is a codec that encodes nothing.
type noCodec struct{}

var errUnread = errors.New("degrade: RequireComplete and Require need interceptors.DialOptions, or the client interceptors of package degrade")

// Marshal implements encoding.CodecV2.
func (noCodec) Marshal(any) (mem.BufferSlice, error) { return nil, errUnread }

// Unmarshal implements encoding.CodecV2.
func (noCodec) Unmarshal(mem.BufferSlice, any) error { return errUnread }

// Name implements encoding.CodecV2.
func (noCodec) Name() string { return "proto" }

// requirement is what must not be degraded in a response. The zero requirement is none.
type requirement struct {
	all bool
	// fields are the paths of those that must not be, if not all.
	fields []string
	// some: fields were asked for, be it none.
	some bool
}

// none reports whether nothing is required.
func (q *requirement) none() bool { return !q.all && !q.some }

// add adds what another option requires.
func (q *requirement) add(other requirement) {
	q.all, q.some = q.all || other.all, q.some || other.some
	q.fields = append(slices.Clip(q.fields), other.fields...)
}

// check returns an error if fields are required that responses like reply cannot have. A
// field that nobody can mark would count as sound.
func (q *requirement) check(reply any) error {
	switch n := len(q.fields); {
	case q.some && n == 0:
		return status.Error(codes.InvalidArgument, "degrade: Require has no paths; must have at least one")
	case n > MaxRequired:
		return status.Errorf(codes.InvalidArgument, "degrade: Require has %d paths; must have at most %d", n, MaxRequired)
	}
	for _, path := range q.fields {
		err := CheckPath(path)
		if m, ok := reply.(proto.Message); ok {
			err = CheckField(path, m.ProtoReflect().Descriptor())
		}
		if err != nil {
			return status.Error(codes.InvalidArgument, fmt.Errorf("degrade: Require: %w", err).Error())
		}
	}
	return nil
}

// unmet returns an [*IncompleteError] if a response with the report is not as required.
func (q *requirement) unmet(r Report) error {
	if q.all {
		return r.Err()
	}
	lacks := func(path string) bool { return r.State(path) != Intact }
	if !slices.ContainsFunc(q.fields, lacks) {
		return nil
	}
	return &IncompleteError{Report: r, Fields: slices.DeleteFunc(slices.Clone(q.fields), func(path string) bool { return !lacks(path) })}
}

// requireFields begins the value of [RequireKey] that names fields.
const requireFields = "fields="

// send returns a context whose call tells the server what is required. A path that would
// be no ASCII is left out: the client looks at the response itself.
func (q *requirement) send(ctx context.Context) context.Context {
	if q.all {
		ctx = metadata.AppendToOutgoingContext(ctx, RequireKey, RequireAll)
	}
	unsendable := func(path string) bool {
		return strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' })
	}
	fields := slices.DeleteFunc(slices.Clone(q.fields), unsendable)
	if len(fields) == 0 {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, RequireKey, requireFields+strings.Join(fields, ","))
}

// requirementOf reads what a client requires off the values of its [RequireKey]. What is
// malformed, and what is beyond the bound, is left to the client to look at.
func requirementOf(values []string) (q requirement) {
	for _, v := range values {
		q.all = q.all || v == RequireAll
		list, ok := strings.CutPrefix(v, requireFields)
		if !ok {
			continue
		}
		for path := range strings.SplitSeq(list, ",") {
			if _, sound := fieldpath.Scan(path); sound && path != "" && len(q.fields) < MaxRequired {
				q.fields = append(q.fields, path)
			}
		}
	}
	q.some = len(q.fields) > 0
	return q
}
