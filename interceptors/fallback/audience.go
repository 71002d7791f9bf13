package fallback

import (
	"context"

	"google.golang.org/protobuf/proto"
)

// Audience says who is given a response that was kept: see [Method.LastGood]. Make one
// with [KeyBy] or [SameForAll]; the zero Audience is a fault that [NewMethods] reports.
// It is safe for concurrent use.
type Audience struct {
	all bool
	key func(ctx context.Context, req proto.Message) (string, bool)
}

// SameForAll returns the audience of responses that depend on the request and the
// server alone, such as prices or public pages: whoever asks may be given what anybody
// was answered before. It must not be used if the server looks at who is asking.
func SameForAll() Audience { return Audience{all: true} }

// KeyBy returns the audience of responses that depend on more than the request, such
// as the user, the tenant or the language: a response is given to calls with the same
// key as the call that it was made for, and to no other. f returns the key, or false if
// it is not known, for instance because nobody is logged in. An empty key is not known
// either. Then the response is not kept, and none is given. The same if f panics.
//
// f is called after a call, before its response is kept or another is looked for, with
// the context of the outgoing call. It sees the values of that context, which in a
// handler has those of the incoming request, and the outgoing metadata as far as the
// application, or an interceptor outside of afloat's, has set it. It does not see the
// credentials of the connection or of the call's options (grpc.PerRPCCredentials), nor
// what interceptors further in add. f must return at once, must not change or keep the
// request, and must be safe for concurrent use. If its key has several parts, it must
// join them so that no two callers get the same text: quoted, or with their lengths.
func KeyBy(f func(ctx context.Context, req proto.Message) (key string, known bool)) Audience {
	return Audience{key: f}
}

// said reports whether the audience was chosen.
func (a Audience) said() bool { return a.all || a.key != nil }

// of returns the key of a call, empty for all, and false if there is none.
func (a Audience) of(ctx context.Context, req proto.Message) (key string, known bool) {
	if a.all {
		return "", true
	}
	key, known = a.key(ctx, req)
	return key, known && key != ""
}
