package fallback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/misuse"
	"github.com/afloat-go/afloat/interceptors/step"
)

// Method describes a unary method of a client and its fallbacks. It also makes steps
// that know the method: [Method.Conn], [Method.LastGood] and [Method.Static]. Like a
// [Step], it is a value: its methods leave it as it was. [NewMethods] reports what is
// wrong with it. Begin with [For].
type Method[Req, Resp proto.Message] struct {
	name  string
	call  attempt.Step[Req, Resp] // stands for the call itself
	steps []Step[Req, Resp]
	when  func(error) bool
}

// callStep is the name of the first step: the call itself.
const callStep = "call"

// For returns a method without fallbacks, such as "/pkg.Service/Method"; generated
// code has a constant for the name. Req and Resp are the method's messages, as in
// For[*pb.GetUserRequest, *pb.User](pb.UserService_GetUser_FullMethodName).
func For[Req, Resp proto.Message](method string) Method[Req, Resp] {
	itself := func(context.Context, Req) (none Resp, err error) { return none, nil } // the interceptor makes the call
	return Method[Req, Resp]{name: method, call: attempt.To(callStep, itself)}
}

// Else returns the method with more fallbacks. When a call fails, they are tried in
// their order. Their functions must not keep the request.
func (m Method[Req, Resp]) Else(steps ...Step[Req, Resp]) Method[Req, Resp] {
	m.steps = append(slices.Clip(m.steps), steps...)
	return m
}

// Timeout returns the method with a bound on the call itself, within its share of the
// time. Range [1ms, 24h]. Default: its share.
func (m Method[Req, Resp]) Timeout(d time.Duration) Method[Req, Resp] {
	m.call = m.call.Timeout(d)
	return m
}

// When returns the method with another rule that says after which errors of the call
// the fallbacks are tried; see the package documentation. Of errors it has the last word,
// also where the call's rule has conditions. The function must be safe for concurrent use.
func (m Method[Req, Resp]) When(fallsBack func(error) bool) Method[Req, Resp] {
	m.when = fallsBack
	return m
}

// Conn returns a step that calls the method on another connection, which should have
// its own guards. The step may be used in chains too.
func (m Method[Req, Resp]) Conn(name string, cc *grpc.ClientConn) Step[Req, Resp] {
	s := attempt.To(name, func(ctx context.Context, req Req) (Resp, error) {
		resp := newMessage[Resp]()
		err := cc.Invoke(ctx, m.name, req, resp)
		return resp, err
	})
	if cc == nil {
		s = s.Without("connection", "a connection")
	}
	return Step[Req, Resp](s.With(cc))
}

// LastGood returns a step that answers with the last good response to the same
// request, marked as stale with its age. The store keeps the responses to the calls of
// the method that has the step, except those that are reported to be incomplete. So
// the step is for methods only: a chain or a plan rejects it.
//
// Two requests are the same if they have the same bytes and are to the same method of
// the same target, and if the audience says so: [KeyBy] where the response depends on
// who is asking, [SameForAll] where it does not. There is no default, because a wrong
// one would give a user what was meant for another. Connections to one target with
// credentials of their own, such as one for each tenant, need a store each, or a key
// that tells them apart.
//
// A user who has lost a permission is still given what was kept while the server
// cannot be asked, for [StoreConfig].MaxAge at most.
func (m Method[Req, Resp]) LastGood(store *Store, audience Audience) Step[Req, Resp] {
	from := lastGood{store, m.name, audience}
	s := attempt.Stale("last good", func(ctx context.Context, req Req) (Resp, time.Time, error) {
		resp := newMessage[Resp]()
		asOf, err := from.find(ctx, req, resp)
		return resp, asOf, err
	})
	if store == nil {
		s = s.Without("store", "made by NewStore")
	}
	return Step[Req, Resp](s.Kept().With(from))
}

// Static returns a [Default] with a fixed response, which it copies.
func (m Method[Req, Resp]) Static(resp Resp) Step[Req, Resp] {
	if any(resp) == nil || !resp.ProtoReflect().IsValid() {
		return Step[Req, Resp](attempt.Default[Req, Resp](nil).Without("response", "a message"))
	}
	fixed := proto.CloneOf(resp)
	return Default(func(Req) Resp { return proto.CloneOf(fixed) })
}

// build implements [AnyMethod].
func (m Method[Req, Resp]) build(target string, o step.Observer) (string, caller, error) {
	f := validate.Of("fallback")
	m.check(f)
	made := &methodCaller[Req, Resp]{name: m.name, when: m.when != nil}
	for _, s := range unwrapped(nil, m.steps) {
		switch detail := s.Detail().(type) {
		case lastGood:
			field := fmt.Sprintf("step %q of %s", s.Name(), m.name)
			f.Require(detail.method == m.name, field, "of "+detail.method, "made by the method itself")
			f.Require(detail.audience.said(), "audience of "+field, "none",
				"KeyBy with a function, or SameForAll if the response does not depend on who is asking")
			made.keepers = append(made.keepers, detail)
		case *grpc.ClientConn:
			field := fmt.Sprintf("connection %q of %s", s.Name(), m.name)
			f.Require(detail == nil || detail.CanonicalTarget() != target, field, "one to "+target, "to another target")
		}
	}
	cfg := attempt.Config{
		Label: "fallback of " + m.name, Name: m.name, Observer: o, FallsBack: m.when, Whole: true, Keeps: true,
	}
	chain, err := attempt.New(cfg, unwrapped([]attempt.Step[Req, Resp]{m.call}, m.steps)...)
	made.chain = chain
	return m.name, made, errors.Join(f.Err(), err)
}

// check checks what the method is.
func (m Method[Req, Resp]) check(f *validate.Faults) {
	var req Req
	var resp Resp
	parts := strings.Split(m.name, "/")
	f.Require(len(parts) == 3 && parts[0] == "" && parts[1] != "" && parts[2] != "",
		"method", fmt.Sprintf("%q", m.name), "as in /pkg.Service/Method")
	f.Require(any(req) != nil && any(resp) != nil,
		"messages of "+m.name, fmt.Sprintf("%T, %T", req, resp), "generated types")
	if len(parts) == 3 {
		checkLinked(f, m.name, parts[1], parts[2], fullName(req), fullName(resp))
	}
	f.Require(len(m.steps) > 0, "fallbacks of "+m.name, "none", "at least one")
}

// checkLinked checks a method against the .proto files that are linked into the program. It
// tells of a service that is in none: its generated code may be elsewhere, or it is none.
func checkLinked(f *validate.Faults, name, service, method string, req, resp protoreflect.FullName) {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		misuse.Note(misuse.Misuse{
			Kind: misuse.MethodUnknown, Where: "fallbacks of " + name, Problem: "no linked .proto file has the service " + service,
		})
		return
	}
	sd, ok := found.(protoreflect.ServiceDescriptor)
	if f.Require(ok, "method", fmt.Sprintf("%q", name), "of a service, which "+service+" is not"); !ok {
		return
	}
	md := sd.Methods().ByName(protoreflect.Name(method))
	if f.Require(md != nil, "method", fmt.Sprintf("%q", name), "one of "+methodsOf(sd)); md == nil {
		return
	}
	f.Require(!md.IsStreamingClient() && !md.IsStreamingServer(), "method", fmt.Sprintf("%q, which streams", name), "a unary one")
	same := (req == "" || req == md.Input().FullName()) && (resp == "" || resp == md.Output().FullName())
	f.Require(same, "messages of "+name, fmt.Sprintf("%s, %s", req, resp), fmt.Sprintf("%s, %s", md.Input().FullName(), md.Output().FullName()))
}

// methodsOf lists the unary methods of a service, as many as help.
func methodsOf(sd protoreflect.ServiceDescriptor) string {
	const most = 20
	var names []string
	for i := range min(sd.Methods().Len(), most) {
		if md := sd.Methods().Get(i); !md.IsStreamingClient() && !md.IsStreamingServer() {
			names = append(names, string(md.Name()))
		}
	}
	return fmt.Sprintf("%s of %s", strings.Join(names, ", "), sd.FullName())
}

// fullName returns the name of a message's type. It is empty where only a value has one, as
// of types that are made while the program runs.
func fullName(m proto.Message) (name protoreflect.FullName) {
	defer func() { _ = recover() }() // a nil pointer to such a type
	if m == nil {
		return ""
	}
	return m.ProtoReflect().Descriptor().FullName()
}

// newMessage makes an empty message of a generated type.
func newMessage[M proto.Message]() M {
	var none M
	return none.ProtoReflect().New().Interface().(M) //nolint:errcheck,forcetypeassert // a message makes its own type
}
