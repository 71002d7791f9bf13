package fallback

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/afloat-go/afloat/interceptors/internal/below"
	"github.com/afloat-go/afloat/interceptors/internal/outside"
	"github.com/afloat-go/afloat/interceptors/misuse"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// Methods has the fallbacks for the unary calls of connections to one target, by
// method. It is immutable and safe for concurrent use. Make one with [NewMethods]; a
// nil *Methods has no fallbacks.
type Methods struct {
	callers    map[string]caller
	connection string // its name, empty for those that have none
}

// surroundings looks once at what stands around the fallbacks, when they first answer.
type surroundings struct{ looked atomic.Bool }

// look tells of a retry around the fallbacks: it never sees the failures that they answer.
func (s *surroundings) look(cc *grpc.ClientConn, method string) {
	if s.looked.Load() || s.looked.Swap(true) || outside.Count(outside.IsRetry) == 0 {
		return
	}
	where := method
	if cc != nil {
		where = "connection to " + cc.Target()
	}
	misuse.Note(misuse.Misuse{Kind: misuse.RetryOutsideFallbacks, Where: where})
}

// MethodsConfig is the configuration of [Methods], besides the methods themselves.
type MethodsConfig struct {
	// Target is what the connections are to, as given to grpc.NewClient. Required. If it is
	// a connection with a name that has a fallback to another with the same target, the
	// name is part of it, see [policy.NamedTarget].
	Target string
	// Observer hears of the steps. Default: no observer.
	Observer step.Observer
}

// AnyMethod is a [Method] with messages of any type.
type AnyMethod interface {
	// build checks the method and makes its caller. It also returns the name.
	build(target string, o step.Observer) (string, caller, error)
}

// caller makes the calls of one method and answers those that fail.
type caller interface {
	call(
		ctx context.Context, to destination, method string, req, reply any,
		invoker grpc.UnaryInvoker, opts []grpc.CallOption,
	) error
}

// destination is what calls go to: a connection, which may have a name.
type destination struct {
	cc         *grpc.ClientConn
	connection string
	around     *surroundings
}

// text returns the target with the name. Without a connection there is no target.
func (d destination) text() string {
	target := ""
	if d.cc != nil {
		target = d.cc.CanonicalTarget()
	}
	return policy.NamedTarget(target, d.connection)
}

// Named returns the fallbacks for the connection of that name, see
// interceptors.WithConnectionName: its last good responses are its own.
func (m *Methods) Named(connection string) *Methods {
	if m == nil {
		return nil
	}
	own := *m
	own.connection = connection
	return &own
}

// NewMethods checks the methods and makes a set of them for connections to the target,
// with the defaults of [MethodsConfig]. It reports all faults at once: those that [New]
// reports, methods that are malformed or named twice, methods that the linked .proto files
// do not have, that stream, or that have other messages, methods without a fallback, and
// fallbacks that are a connection to the target itself. A service that no linked file has
// is a [misuse.MethodUnknown].
func NewMethods(target string, methods ...AnyMethod) (*Methods, error) {
	return NewMethodsWith(MethodsConfig{Target: target}, methods...)
}

// NewMethodsWith does what [NewMethods] does, with a configuration.
func NewMethodsWith(cfg MethodsConfig, methods ...AnyMethod) (*Methods, error) {
	canonical, err := canonicalTarget(cfg.Target)
	all, faults := &Methods{callers: map[string]caller{}}, []error{err}
	for i, m := range methods {
		if m == nil {
			faults = append(faults, fmt.Errorf("fallback: method %d = nil; must be a Method", i))
			continue
		}
		name, made, err := m.build(canonical, cfg.Observer)
		faults = append(faults, err)
		if _, twice := all.callers[name]; twice {
			faults = append(faults, fmt.Errorf("fallback: method = %q twice; must be named once", name))
		}
		all.callers[name] = made
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return all, nil
}

// canonicalTarget returns the target as gRPC spells it, with the connection's name if it
// has one. The connection is made only for that and stays idle.
func canonicalTarget(named string) (string, error) {
	target, connection := policy.SplitTarget(named)
	cc, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return "", fmt.Errorf("fallback: target = %q; %w", named, err)
	}
	defer cc.Close()
	return policy.NamedTarget(cc.CanonicalTarget(), connection), nil
}

// UnaryClientInterceptor answers calls that fail. It belongs outside all other
// interceptors of afloat, where interceptors.WithFallbacks puts it. Calls of
// methods without fallbacks pass through untouched, and so do calls with
// degrade.RequireComplete, which a fallback cannot satisfy.
func (m *Methods) UnaryClientInterceptor() grpc.UnaryClientInterceptor {
	around := new(surroundings)
	return func(
		ctx context.Context, method string, req, reply any,
		cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		if m != nil {
			if c := m.callers[method]; c != nil {
				return below.Note(ctx, c.call(ctx, destination{cc, m.connection, around}, method, req, reply, invoker, opts))
			}
		}
		return invoker(ctx, method, req, reply, cc, opts...)
	}
}
