package fallback

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/attempt"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// methodCaller makes the calls of a [Method] that was checked.
type methodCaller[Req, Resp proto.Message] struct {
	name    string
	chain   *attempt.Chain[Req, Resp]
	keepers []lastGood // of good responses
	when    bool       // the program says after which errors there are fallbacks
}

// call makes the call within its share of the time, and answers it if it fails.
func (m *methodCaller[Req, Resp]) call(
	ctx context.Context, to destination, name string, req, reply any,
	invoker grpc.UnaryInvoker, opts []grpc.CallOption,
) error {
	if degrade.RequiresComplete(opts) {
		return invoker(ctx, name, req, reply, to.cc, opts...)
	}
	var told policy.Told
	opts = append(slices.Clip(opts), policy.Tell(&told))
	err := m.invoke(ctx, to, req, reply, invoker, opts, &told)
	cause := m.cause(err, &told)
	if cause == nil || ctx.Err() != nil {
		return err
	}
	to.around.look(to.cc, name)
	if failed := m.answer(asking(ctx, to), req, reply, opts, cause); failed == nil || err != nil {
		return failed
	}
	return nil // there is an answer still: that of the call, which reply has
}

// cause returns why a call is to be answered by the fallbacks, nil if it is not to be: by
// what its rule says of its end, and else by the error. A caller without permission gets no
// kept answer, whatever a rule says; nor does a rule change what the program says of errors.
func (m *methodCaller[Req, Resp]) cause(err error, told *policy.Told) error {
	j, ruled := told.Judgement()
	if err == nil {
		return j.Err()
	}
	answer := m.chain.FallsBack(err)
	code := policy.Code(err)
	if ruled && !m.when && code != codes.PermissionDenied && code != codes.Unauthenticated {
		answer = j.Verdict == policy.Failure || answer && j.Verdict != policy.Success
	}
	if !answer {
		return nil
	}
	return err
}

// invoke makes the call itself.
func (m *methodCaller[Req, Resp]) invoke(
	ctx context.Context, to destination, req, reply any, invoker grpc.UnaryInvoker, opts []grpc.CallOption, told *policy.Told,
) error {
	ctx = policy.WithAlternative(ctx)
	if limit, err := m.chain.Limit(ctx, 0); err == nil && !limit.IsZero() {
		share, cancel := context.WithDeadline(ctx, limit)
		defer cancel()
		ctx = share
	}
	if len(m.keepers) == 0 {
		return invoker(ctx, m.name, req, reply, to.cc, opts...)
	}
	var report degrade.Report
	err := invoker(ctx, m.name, req, reply, to.cc, append(slices.Clip(opts), degrade.Capture(&report))...)
	j, ruled := told.Judgement()
	good := err == nil && (!ruled || j.Verdict == policy.Success)
	if good && (report.Complete() || !report.Known()) {
		for _, k := range m.keepers {
			k.keep(ctx, to, req, reply)
		}
	}
	return err
}

// answer runs the other steps and copies what they find into the reply.
func (m *methodCaller[Req, Resp]) answer(ctx context.Context, req, reply any, opts []grpc.CallOption, cause error) error {
	in, isReq := req.(Req)
	out, isResp := reply.(Resp)
	if !isReq || !isResp {
		return &step.Error{Chain: m.name, Failures: []step.Failure{
			{Step: callStep, Err: cause}, {Step: "fallbacks", Err: mismatch[Req, Resp](req, reply)},
		}}
	}
	// A step that is left behind may still read it when the caller may change it
	// again.
	run, err := do(ctx, m.chain, proto.CloneOf(in), []error{cause})
	if err != nil {
		return err
	}
	report := run.Report(degrade.Source{Name: m.name})
	proto.Reset(out)
	proto.Merge(out, run.Answer.Value)
	degrade.SetResponse(out, report)
	run.Used(ctx)
	return degrade.Deliver(ctx, opts, report)
}

// mismatch returns the error of a [Method] whose messages are not those of the calls.
func mismatch[Req, Resp proto.Message](req, reply any) error {
	var wantReq Req
	var wantResp Resp
	return status.Errorf(codes.Internal, "fallback: messages = %T, %T; must be %T, %T as the method was described",
		req, reply, wantReq, wantResp)
}
