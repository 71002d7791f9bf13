package fallback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// method is a Method that was checked.
type method[Req, Resp proto.Message] struct {
	name  string
	chain *attempt.Chain[Req, Resp]
	store *Store // nil: nothing is kept
}

func (m Method[Req, Resp]) build(target string, o options) (string, answerer, error) {
	f := validate.Of("fallback")
	m.check(f)
	m.checkConns(f, target)
	m.builder.Whole = true
	chain, err := m.builder.Build("fallback of "+m.name, Watch(o.observer, "", m.name, m.builder.Names()))
	return m.name, &method[Req, Resp]{name: m.name, chain: chain, store: m.store}, errors.Join(f.Err(), err)
}

func (m Method[Req, Resp]) check(f *validate.Faults) {
	var req Req
	var resp Resp
	parts := strings.Split(m.name, "/")
	f.Require(len(parts) == 3 && parts[0] == "" && parts[1] != "" && parts[2] != "",
		"method", fmt.Sprintf("%q", m.name), "as in /pkg.Service/Method")
	f.Require(any(req) != nil && any(resp) != nil,
		"messages of "+m.name, fmt.Sprintf("%T, %T", req, resp), "generated types")
	f.Require(len(m.builder.Names()) > 1, "fallbacks of "+m.name, "none", "at least one")
	f.Require(!m.keeps || m.store != nil, "store of "+m.name, "nil", "made by NewStore")
	for _, said := range m.misplaced {
		f.Require(false, said+" of "+m.name, "set for the call itself", "set after a fallback is named")
	}
}

// checkConns requires that no fallback uses the target that it replaces.
func (m Method[Req, Resp]) checkConns(f *validate.Faults, target string) {
	for _, c := range m.conns {
		field := fmt.Sprintf("connection %q of %s", c.step, m.name)
		f.Require(c.cc != nil, field, "nil", "a connection")
		f.Require(c.cc == nil || c.cc.CanonicalTarget() != target, field, "one to "+target, "to another target")
	}
}

// call makes the call within its share of the time, and answers it if it fails.
func (m *method[Req, Resp]) call(
	ctx context.Context, name string, req, reply any,
	cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts []grpc.CallOption,
) error {
	if degrade.RequiresComplete(opts) {
		return invoker(ctx, name, req, reply, cc, opts...)
	}
	err := m.invoke(ctx, req, reply, cc, invoker, opts)
	if err == nil || ctx.Err() != nil || !m.chain.FallsBack(err) {
		return err
	}
	return m.answer(ctx, req, reply, opts, err)
}

// invoke makes the call itself.
func (m *method[Req, Resp]) invoke(
	ctx context.Context, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts []grpc.CallOption,
) error {
	if limit, err := m.chain.Limit(ctx, 0); err == nil && !limit.IsZero() {
		share, cancel := context.WithDeadline(ctx, limit)
		defer cancel()
		ctx = share
	}
	if m.store == nil {
		return invoker(ctx, m.name, req, reply, cc, opts...)
	}
	var report degrade.Report
	err := invoker(ctx, m.name, req, reply, cc, append(slices.Clip(opts), degrade.Capture(&report))...)
	if err == nil && (report.Complete() || !report.Known()) {
		m.store.put(ctx, m.name, req, reply)
	}
	return err
}

// answer runs the other steps and copies what they find into the reply.
func (m *method[Req, Resp]) answer(ctx context.Context, req, reply any, opts []grpc.CallOption, cause error) error {
	in, isReq := req.(Req)
	out, isResp := reply.(Resp)
	if !isReq || !isResp {
		return &Error{Chain: m.name, Failures: []Failure{{callStep, cause}, {"fallbacks", mismatch[Req, Resp](req, reply)}}}
	}
	// A step that is left behind may still read it when the caller may change it
	// again.
	run, err := do(ctx, m.name, m.chain, proto.CloneOf(in), []error{cause})
	if err != nil {
		return err
	}
	report := run.Report(degrade.Source{Name: m.name})
	proto.Reset(out)
	proto.Merge(out, run.Answer.Value)
	degrade.SetResponse(out, report)
	degrade.Deliver(ctx, opts, report)
	run.Used(ctx)
	return nil
}

// mismatch is the error of a rule whose messages are not those of its method.
func mismatch[Req, Resp proto.Message](req, reply any) error {
	var wantReq Req
	var wantResp Resp
	return status.Errorf(codes.Internal, "fallback: messages = %T, %T; must be %T, %T as the rule says",
		req, reply, wantReq, wantResp)
}
