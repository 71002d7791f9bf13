// Package connecterror reads the errors of connect-go, and of whatever else has errors in
// the same form, without importing it. Their codes have the numbers of gRPC's, but no gRPC
// status comes with them, so that each would look like an UNKNOWN.
//
// An error is in this form if it has a method Message that returns its text, and a method
// Code whose result is a number from 1 to 16 that calls itself by the name that connect
// gives to this number, such as "not_found". So no other numbers are taken for codes, such
// as those of HTTP.
package connecterror

import (
	"fmt"
	"reflect"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
)

// tokens are the names of the codes in the Connect protocol.
var tokens = [...]string{ //nolint:gochecknoglobals // never written
	codes.Canceled:           "canceled",
	codes.Unknown:            "unknown",
	codes.InvalidArgument:    "invalid_argument",
	codes.DeadlineExceeded:   "deadline_exceeded",
	codes.NotFound:           "not_found",
	codes.AlreadyExists:      "already_exists",
	codes.PermissionDenied:   "permission_denied",
	codes.ResourceExhausted:  "resource_exhausted",
	codes.FailedPrecondition: "failed_precondition",
	codes.Aborted:            "aborted",
	codes.OutOfRange:         "out_of_range",
	codes.Unimplemented:      "unimplemented",
	codes.Internal:           "internal",
	codes.Unavailable:        "unavailable",
	codes.DataLoss:           "data_loss",
	codes.Unauthenticated:    "unauthenticated",
}

// messenger is what every error in this form is, and few others.
type messenger interface {
	error
	Message() string
}

// Code returns the code of the first error in err's tree that is in this form.
func Code(err error) (code codes.Code, ok bool) {
	_, code = find(err)
	return code, code != codes.OK
}

// Status returns what the first error in err's tree that is in this form says, as a status:
// its code, its text and its details.
func Status(err error) (s *status.Status, ok bool) {
	defer contain.Panic()
	found, code := find(err)
	if code == codes.OK {
		return nil, false
	}
	p := status.New(code, found.Message()).Proto()
	p.Details = details(reflect.ValueOf(found))
	return status.FromProto(p), true
}

// find returns the first error in err's tree that is in this form, and its code, which is
// OK if there is none.
func find(err error) (messenger, codes.Code) {
	for err != nil {
		if m, ok := err.(messenger); ok { //nolint:errorlint // the walk through what is wrapped is below
			if code := codeOf(m); code != codes.OK {
				return m, code
			}
		}
		switch wraps := err.(type) { //nolint:errorlint // this is that walk
		case interface{ Unwrap() error }:
			err = wraps.Unwrap()
		case interface{ Unwrap() []error }:
			for _, each := range wraps.Unwrap() {
				if m, code := find(each); code != codes.OK {
					return m, code
				}
			}
			return nil, codes.OK
		default:
			return nil, codes.OK
		}
	}
	return nil, codes.OK
}

// codeOf returns the code of an error in this form, OK for any other.
func codeOf(err messenger) (code codes.Code) {
	defer contain.Panic() // of a nil pointer in an error, say
	result, ok := call(reflect.ValueOf(err).MethodByName("Code"))
	if !ok || result.Kind() != reflect.Uint32 || result.Uint() >= uint64(len(tokens)) {
		return codes.OK
	}
	named, ok := reflect.TypeAssert[fmt.Stringer](result)
	if !ok || result.Uint() == 0 || named.String() != tokens[result.Uint()] {
		return codes.OK
	}
	return codes.Code(result.Uint()) //nolint:gosec // there are few codes
}

// details returns the details of an error in this form, as those of a status.
func details(err reflect.Value) (all []*anypb.Any) {
	list, ok := call(err.MethodByName("Details"))
	if !ok || list.Kind() != reflect.Slice {
		return nil
	}
	for i := range list.Len() {
		if d := detail(list.Index(i)); d != nil {
			all = append(all, d)
		}
	}
	return all
}

// detail returns one detail, nil if it is in no known form: that of connect-go has methods,
// that of its version 2 has fields.
func detail(v reflect.Value) *anypb.Any {
	const prefix = "type.googleapis.com/"
	if d, ok := reflect.TypeAssert[interface {
		Type() string
		Bytes() []byte
	}](v); ok {
		return &anypb.Any{TypeUrl: prefix + d.Type(), Value: d.Bytes()}
	}
	if v = reflect.Indirect(v); v.Kind() != reflect.Struct {
		return nil
	}
	name, value := v.FieldByName("Type"), v.FieldByName("Value")
	if name.Kind() != reflect.String || value.Kind() != reflect.Slice || value.Type().Elem().Kind() != reflect.Uint8 {
		return nil
	}
	return &anypb.Any{TypeUrl: prefix + name.String(), Value: value.Bytes()}
}

// call calls a method that has no parameters and one result.
func call(method reflect.Value) (result reflect.Value, ok bool) {
	if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
		return reflect.Value{}, false
	}
	return method.Call(nil)[0], true
}
