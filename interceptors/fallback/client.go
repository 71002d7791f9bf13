package fallback

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Client has the fallbacks for the unary calls of connections to one target. It
// is immutable and safe for concurrent use. Make one with [NewClient]; a nil
// *Client has no fallbacks.
type Client struct {
	methods map[string]answerer
}

// Rule is the fallbacks of one method: a [Method].
type Rule interface {
	// build checks the rule and makes its answerer. It also returns the method.
	build(target string, o options) (string, answerer, error)
}

// answerer makes the calls of one method and answers those that fail.
type answerer interface {
	call(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts []grpc.CallOption,
	) error
}

// NewClient checks the rules and makes a Client of them for connections to the
// target, as given to grpc.NewClient. It reports all faults at once: those that
// [New] reports, methods that are malformed or named twice, methods without a
// fallback, and fallbacks that are a connection to the target itself.
func NewClient(target string, rules []Rule, opts ...Option) (*Client, error) {
	canonical, err := canonicalTarget(target)
	o, faults := optionsOf(opts)
	c, all := &Client{methods: map[string]answerer{}}, []error{err, faults}
	for i, r := range rules {
		if r == nil {
			all = append(all, fmt.Errorf("fallback: rule %d = nil; must be a Method", i))
			continue
		}
		method, a, err := r.build(canonical, o)
		all = append(all, err)
		if _, twice := c.methods[method]; twice {
			all = append(all, fmt.Errorf("fallback: method = %q twice; must be named once", method))
		}
		c.methods[method] = a
	}
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	return c, nil
}

// canonicalTarget is the target as gRPC spells it. The connection is made only
// for that and stays idle.
func canonicalTarget(target string) (string, error) {
	cc, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return "", fmt.Errorf("fallback: target = %q; %w", target, err)
	}
	defer cc.Close()
	return cc.CanonicalTarget(), nil
}

// UnaryClientInterceptor answers calls that fail. It belongs outside all other
// interceptors of afloat, where interceptors.WithFallbacks puts it. Calls of
// methods without fallbacks pass through untouched, and so do calls with
// [degrade.RequireComplete], which a fallback cannot satisfy.
func (c *Client) UnaryClientInterceptor() grpc.UnaryClientInterceptor {
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		if c != nil {
			if a := c.methods[method]; a != nil {
				return a.call(ctx, method, req, reply, cc, invoker, opts)
			}
		}
		return invoker(ctx, method, req, reply, cc, opts...)
	}
}
