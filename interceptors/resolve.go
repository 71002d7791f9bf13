package interceptors

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// checked returns r, or, if r is nil, a resolver that fails every call: a
// client that was meant to be guarded must not silently run unguarded.
func checked(r policy.Resolver) policy.Resolver {
	rules, isRules := r.(*rules.Rules)
	if r != nil && (!isRules || rules != nil) {
		return r
	}
	chain, _ := policy.NewChain([]policy.Policy{unresolved{}}) // one policy that is not nil: no error
	return always{chain}
}

// always resolves every call to one chain.
type always struct{ chain *policy.Chain }

func (a always) Resolve(policy.Call) *policy.Chain { return a.chain }

// unresolved refuses every call.
type unresolved struct{}

var errNoResolver = status.Error(codes.Internal, "interceptors: resolver = nil; must be rules, as from interceptors.Default")

func (unresolved) Acquire(context.Context, policy.Call) (policy.Permit, error) {
	return policy.Permit{}, errNoResolver
}

// clientCall describes a call on a client's connection.
func clientCall(ctx context.Context, method string, cc *grpc.ClientConn, kind policy.Shape) policy.Call {
	call := policy.Call{Method: method, Side: policy.Client, Shape: kind}
	if cc != nil {
		call.Target = cc.Target()
	}
	call.Deadline, _ = ctx.Deadline()
	return call
}

// clientChain is the chain of a call, with its call options taken into account.
func clientChain(r policy.Resolver, call policy.Call, o policy.Overrides) *policy.Chain {
	switch {
	case o.Skip:
		return nil
	case o.Replace:
		return o.Chain
	default:
		return r.Resolve(call)
	}
}

// serverCall describes a call that a server answers.
func serverCall(ctx context.Context, method string, kind policy.Shape) policy.Call {
	call := policy.Call{Method: method, Side: policy.Server, Shape: kind}
	call.Deadline, _ = ctx.Deadline()
	return call
}
