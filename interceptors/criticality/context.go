package criticality

import (
	"context"

	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/internal/contextkey"
)

// Key is the metadata key under which calls carry their [Mark]. Like all keys that begin
// with "afloat-" it is for one hop: clients made with interceptors.DialOptions set it,
// and do not pass on what a handler copied from its caller.
const Key = "afloat-criticality"

// markKey is the key under which a context has its *Mark.
type markKey struct{}

// marked is a context with a mark of its own.
type marked struct {
	context.Context //nolint:containedctx // it is a context

	mark Mark
}

// Value returns the mark to those who look for it.
func (c *marked) Value(key any) any {
	if key == (markKey{}) {
		return &c.mark
	}
	return c.Context.Value(key)
}

// With returns a context whose calls are of class c, unless ctx says that they are of a
// lower one: what a call is made for decides, and nobody further down makes it matter
// more. With Unset, and with what is no class, it returns ctx.
func With(ctx context.Context, c Class) context.Context {
	own := Of(ctx)
	return own.AtMost(c).differing(ctx, own)
}

// WithCohort returns a context whose calls are of the cohort of that key, such as the
// user's, unless ctx has a cohort already. With an empty key it returns ctx.
func WithCohort(ctx context.Context, key string) context.Context {
	own := Of(ctx)
	if own.Cohort != 0 {
		return ctx
	}
	return Mark{own.Class, CohortOf(key)}.differing(ctx, own)
}

// differing returns a context with m, ctx itself if it has that.
func (m Mark) differing(ctx context.Context, own Mark) context.Context {
	if m == own {
		return ctx
	}
	return m.In(ctx)
}

// In returns a context whose calls carry m, whatever ctx says. It is for servers, which
// begin with what came with the request; use [With] elsewhere.
func (m Mark) In(ctx context.Context) context.Context { return &marked{ctx, m} }

// Of returns what ctx says of the calls made under it: in a handler, what its caller
// said and the rules.
func Of(ctx context.Context) Mark {
	if m, ok := ctx.Value(markKey{}).(*Mark); ok {
		return *m
	}
	return Mark{}
}

// Lowered returns what a context of a type of its own has for key, whose calls matter one
// class less than those of its parent, and whether key is that of the mark. The Value
// method of such a context, as for sources that an answer can do without, asks it first.
// It does not allocate.
func Lowered(parent context.Context, key any) (value any, ok bool) {
	if key != (markKey{}) {
		return nil, false
	}
	m := Of(parent)
	m.Class = m.Class.Below()
	return &marks[m.index()], true
}

// FromIncoming returns the mark that came with a request, in its metadata. If there are
// several, the last counts; one that is malformed says nothing.
func FromIncoming(ctx context.Context) Mark {
	md, _ := ctx.Value(incomingKey).(metadata.MD)
	values := md[Key]
	if len(values) == 0 {
		return Mark{}
	}
	m, _ := Parse(values[len(values)-1])
	return m
}

// ToOutgoing returns a context for a call that carries m. If m says nothing it is ctx.
func (m Mark) ToOutgoing(ctx context.Context) context.Context {
	if !m.Says() {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, Key, m.String())
}

// incomingKey is the key under which gRPC keeps the metadata of a request in its
// context. Asked for by it, a call without the key costs one look-up in a map, which
// gRPC has made with keys in lower case; gRPC's own functions compare every key.
var incomingKey = contextkey.Of(func(ctx context.Context) { //nolint:gochecknoglobals // a constant
	metadata.ValueFromIncomingContext(ctx, Key)
})
