package fallback

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Method describes the fallbacks of one unary method, in the order in which
// they are tried when a call fails. Like [Steps], it is a value: each method
// returns a new one. [NewClient] reports what is wrong with it. Begin with
// [For].
type Method[Req, Resp proto.Message] struct {
	name    string
	builder attempt.Builder[Req, Resp]
	// conns are the connections among the steps.
	conns []conn
	// store keeps good responses, if keeps.
	store *Store
	keeps bool
	// misplaced is what was set for the call itself but is only for fallbacks.
	misplaced []string
}

// conn is a connection and the step that uses it.
type conn struct {
	step string
	cc   *grpc.ClientConn
}

// callStep is the name of the first step: the call itself.
const callStep = "call"

// For begins the fallbacks of a method, such as "/pkg.Service/Method";
// generated code has a constant for it. Req and Resp are the method's messages,
// as in For[*pb.GetUserRequest,
// *pb.User](pb.UserService_GetUser_FullMethodName).
func For[Req, Resp proto.Message](method string) Method[Req, Resp] {
	m := Method[Req, Resp]{name: method}
	m.builder = m.builder.Then(callStep, degrade.Intact, itself[Req, Resp])
	return m
}

// itself stands for the call, which the interceptor makes.
func itself[Req, Resp proto.Message](context.Context, Req) (none Resp, err error) { return none, nil }

// Func adds a function as a fallback. Its responses are marked
// [degrade.Substituted]. The function must not keep the request.
func (m Method[Req, Resp]) Func(name string, f func(ctx context.Context, req Req) (Resp, error)) Method[Req, Resp] {
	m.builder = m.builder.Then(name, degrade.Substituted, f)
	return m
}

// Conn adds the same method of another server as a fallback. Its responses are
// marked [degrade.Substituted]. The connection should have its own guards.
func (m Method[Req, Resp]) Conn(name string, cc *grpc.ClientConn) Method[Req, Resp] {
	method := m.name
	m.conns = append(slices.Clip(m.conns), conn{name, cc})
	return m.Func(name, func(ctx context.Context, req Req) (Resp, error) {
		resp := newMessage[Resp]()
		err := cc.Invoke(ctx, method, req, resp)
		return resp, err
	})
}

// LastGood adds, as a fallback, the last good response to the same request,
// marked [degrade.Stale] with its age. The store keeps the server's responses for
// that, except those that are reported to be incomplete.
//
// Two requests are the same if they have the same method and the same bytes. If
// the response depends on more, such as the caller, use [KeyBy].
func (m Method[Req, Resp]) LastGood(store *Store) Method[Req, Resp] {
	method := m.name
	m.store, m.keeps = store, true
	m.builder = m.builder.Stale("last good", func(ctx context.Context, req Req) (Resp, time.Time, error) {
		resp := newMessage[Resp]()
		asOf, err := store.get(ctx, method, req, resp)
		return resp, asOf, err
	})
	return m
}

// Static adds a fixed response as the last fallback, marked
// [degrade.Defaulted]. It copies resp.
func (m Method[Req, Resp]) Static(resp Resp) Method[Req, Resp] {
	if any(resp) == nil || !resp.ProtoReflect().IsValid() {
		m.builder = m.builder.Default(nil)
		return m
	}
	fixed := proto.CloneOf(resp)
	m.builder = m.builder.Default(func(Req) Resp { return proto.CloneOf(fixed) })
	return m
}

// Timeout bounds the fallback added last, or the call itself if none has been
// added yet, within its share of the time. Range [1ms, 24h]. Default: its share.
func (m Method[Req, Resp]) Timeout(d time.Duration) Method[Req, Resp] {
	m.builder = m.builder.Timeout(d)
	return m
}

// Needs is [Steps.Needs]. It must come after a fallback.
func (m Method[Req, Resp]) Needs(d time.Duration) Method[Req, Resp] {
	m.builder = m.builder.Needs(d)
	return m.ofFallback("needs")
}

// Guard is [Steps.Guard]. It must come after a fallback; the call itself has its
// policies from the interceptors.
func (m Method[Req, Resp]) Guard(policies ...policy.Policy) Method[Req, Resp] {
	m.builder = m.builder.Guard(policies...)
	return m.ofFallback("guard")
}

// MaxRunning is [Steps.MaxRunning]. It must come after a fallback.
func (m Method[Req, Resp]) MaxRunning(n int) Method[Req, Resp] {
	m.builder = m.builder.MaxRunning(n)
	return m.ofFallback("max_running")
}

// ofFallback notes what was set before the first fallback was added.
func (m Method[Req, Resp]) ofFallback(said string) Method[Req, Resp] {
	if len(m.builder.Names()) == 1 {
		m.misplaced = append(slices.Clip(m.misplaced), said)
	}
	return m
}

// When is [Steps.When].
func (m Method[Req, Resp]) When(fallsBack func(error) bool) Method[Req, Resp] {
	m.builder.When = fallsBack
	return m
}

// newMessage makes an empty message of a generated type.
func newMessage[M proto.Message]() M {
	var none M
	return none.ProtoReflect().New().Interface().(M) //nolint:errcheck,forcetypeassert // a message makes its own type
}
