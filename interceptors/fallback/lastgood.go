package fallback

import (
	"context"
	"encoding/binary"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/contain"
)

// ErrNotKept is the error of [Store.Get], and of the steps [LastGood] and [Method.LastGood],
// if the store has nothing for the key, or if the key of a call is not known. Its code is
// UNAVAILABLE.
var ErrNotKept = status.Error(codes.Unavailable, "fallback: no last good response")

// lastGood keeps the good responses of a method and finds them again.
type lastGood struct {
	store    *Store
	method   string
	audience Audience
}

// keep keeps the response to a request that went to a destination. A key function that panics costs
// a call nothing that was good.
func (l lastGood) keep(ctx context.Context, to destination, req, reply any) {
	defer contain.Panic()
	in, isReq := req.(proto.Message)
	out, isReply := reply.(proto.Message)
	if !isReq || !isReply {
		return
	}
	if key, ok := l.key(ctx, to, in); ok {
		_ = l.store.put(key, out) // what has no room is not kept
	}
}

// find fills resp with the last good response and returns when it was received.
func (l lastGood) find(ctx context.Context, req, resp proto.Message) (time.Time, error) {
	key, ok := l.key(ctx, askedOf(ctx), req)
	if !ok {
		return time.Time{}, ErrNotKept
	}
	return l.store.get(key, resp)
}

// key returns what identifies a request: the same bytes, to the same method of the same
// destination, by the same caller. It returns false if the caller is not known, or if the
// request cannot be serialised.
func (l lastGood) key(ctx context.Context, to destination, req proto.Message) (string, bool) {
	caller, ok := l.audience.of(ctx, req)
	if !ok {
		return "", false
	}
	target := to.text()
	key := parts(methodsKey, target, l.method, caller)
	key, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(key, req)
	return string(key), err == nil
}

// lastValue keeps the good values of a chain's first step, or of a plan's source, and finds
// them again.
type lastValue[In any, T proto.Message] struct {
	store *Store
	owner string // whose values they are
	key   func(ctx context.Context, in In) (string, bool)
}

// keep keeps the value for an input, unless its own markers say that it is degraded.
func (l lastValue[In, T]) keep(ctx context.Context, in In, value T) {
	if own := degrade.FromResponse(value); own.Known() && !own.Complete() {
		return
	}
	if key, ok := l.of(ctx, in); ok {
		_ = l.store.put(key, value) // what has no room is not kept
	}
}

// find returns the last good value for an input, and when it was current.
func (l lastValue[In, T]) find(ctx context.Context, in In) (value T, asOf time.Time, err error) {
	key, ok := l.of(ctx, in)
	if !ok {
		return value, time.Time{}, ErrNotKept
	}
	value = newMessage[T]()
	asOf, err = l.store.get(key, value)
	return value, asOf, err
}

// of returns what identifies the value for an input, and false if that is not known.
func (l lastValue[In, T]) of(ctx context.Context, in In) (string, bool) {
	key, known := l.key(ctx, in)
	var none T
	return string(parts(valuesKey, l.owner, string(none.ProtoReflect().Descriptor().FullName()), key)), known && key != ""
}

// Whose keys they are, which is what they begin with: none is that of another's value.
const (
	methodsKey = 'm' // of clients' methods
	valuesKey  = 'v' // of chains and plans
	ownKey     = 'u' // of the users of a store
)

// parts joins the parts of a key. Each follows its length, so no two lists of parts have the
// same key.
func parts(whose byte, list ...string) []byte {
	size := 64 // for the lengths, and for a request
	for _, part := range list {
		size += len(part)
	}
	key := append(make([]byte, 0, size), whose)
	for _, part := range list {
		key = append(binary.AppendUvarint(key, uint64(len(part))), part...)
	}
	return key
}

// asked is the context key of where the call went that failed.
type asked struct{}

// asking returns ctx for the steps that stand in for a call.
func asking(ctx context.Context, to destination) context.Context {
	return context.WithValue(ctx, asked{}, to)
}

// askedOf returns where the call went for which a step stands in.
func askedOf(ctx context.Context) destination {
	to, _ := ctx.Value(asked{}).(destination)
	return to
}
