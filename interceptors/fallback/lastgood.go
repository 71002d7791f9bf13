package fallback

import (
	"context"
	"encoding/binary"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/internal/contain"
)

// ErrNotKept is the error of the step of [Method.LastGood] if the store has no response
// to the request, or if the key of the call is not known. Its code is UNAVAILABLE.
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
		l.store.put(key, out)
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
// request cannot be serialised. Each part but the last follows its length, so no two
// lists of parts have the same key.
func (l lastGood) key(ctx context.Context, to destination, req proto.Message) (string, bool) {
	caller, ok := l.audience.of(ctx, req)
	if !ok {
		return "", false
	}
	target := to.text()
	key := make([]byte, 0, len(target)+len(l.method)+len(caller)+64)
	for _, part := range [...]string{target, l.method, caller} {
		key = append(binary.AppendUvarint(key, uint64(len(part))), part...)
	}
	key, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(key, req)
	return string(key), err == nil
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
