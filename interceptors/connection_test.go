package interceptors_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// deadPeer returns a connection whose dialer reaches nobody. Its target is that of every
// hosted connection.
func deadPeer(t *testing.T, dial ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///hosted", append(dial,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return nil, errors.New("nobody there") }))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

// calls are a unary call and a stream on a connection.
var calls = map[string]func(context.Context, *testing.T, *grpc.ClientConn) error{
	"unary": func(ctx context.Context, _ *testing.T, cc *grpc.ClientConn) error { return rpctest.Invoke(ctx, cc) },
	"stream": func(ctx context.Context, t *testing.T, cc *grpc.ClientConn) error {
		t.Helper()
		s, err := cc.NewStream(ctx, rpctest.DescOf(rpctest.BidiStream), rpctest.BidiStream)
		if err != nil {
			return err
		}
		if err := s.SendMsg(rpctest.Message()); err != nil {
			return err
		}
		return s.RecvMsg(rpctest.Message())
	},
}

// Of two connections with the same target one is dead. With names, the other does not
// suffer; without, they are one, as the documentation says.
func TestConnectionsWithTheSameTarget(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		dead, healthy []interceptors.ClientOption
		suffers       bool
	}{
		{"without names", nil, nil, true},
		{"one named", nil, []interceptors.ClientOption{interceptors.WithConnectionName("eu")}, false},
		{
			"both named",
			[]interceptors.ClientOption{interceptors.WithConnectionName("us")},
			[]interceptors.ClientOption{interceptors.WithConnectionName("eu")},
			false,
		},
		{
			"with the same name",
			[]interceptors.ClientOption{interceptors.WithConnectionName("eu")},
			[]interceptors.ClientOption{interceptors.WithConnectionName("eu")},
			true,
		},
	} {
		for kind, call := range calls {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r, err := interceptors.Default()
					if err != nil {
						t.Fatal(err)
					}
					healthy := hosted(t, rpctest.Rig{}, nil, interceptors.DialOptions(r, tt.healthy...)...)
					dead := deadPeer(t, interceptors.DialOptions(r, tt.dead...)...)
					if err := call(t.Context(), t, healthy); err != nil {
						t.Fatal(err)
					}
					for range 30 {
						_ = call(t.Context(), t, dead)
						time.Sleep(10 * time.Millisecond)
					}
					if err := call(t.Context(), t, dead); policy.ReasonOf(err) != policy.ReasonCircuitOpen {
						t.Errorf("the dead connection: %v; want an open circuit", err)
					}
					err = call(t.Context(), t, healthy)
					if refused := policy.ReasonOf(err) == policy.ReasonCircuitOpen; refused != tt.suffers || err != nil && !refused {
						t.Errorf("the healthy connection: %v; want it refused: %v", err, tt.suffers)
					}
				})
			})
		}
	}
}

// A rule may be for a connection with a name. Without one, it has the rule of its target.
func TestRulesOfConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		open := rules.Rule{
			Match: "*", Target: "passthrough:///hosted#eu",
			Policies: []rules.Template{breaker.Each(breaker.Config{Mode: breaker.AlwaysOpen})},
		}
		plain := rules.Rule{Match: "*", Target: "passthrough:///hosted"}
		r, err := rules.New([]rules.Rule{open, plain})
		if err != nil {
			t.Fatal(err)
		}
		for name, refused := range map[string]bool{"eu": true, "us": false} {
			cc := hosted(t, rpctest.Rig{}, nil, interceptors.DialOptions(r, interceptors.WithConnectionName(name))...)
			for kind, call := range calls {
				if err := call(t.Context(), t, cc); (policy.ReasonOf(err) == policy.ReasonCircuitOpen) != refused {
					t.Errorf("%s on %q: %v; want it refused: %v", kind, name, err, refused)
				}
			}
		}
	})
}

// With a name that is not allowed every call fails and says why.
func TestConnectionNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 65)
	const allowed = "must be 1 to 64 characters of printable ASCII without spaces and #"
	for name, fault := range map[string]string{
		"":                      `interceptors: connection name = ""; ` + allowed,
		"eu replica":            `interceptors: connection name = "eu replica"; character 3 is a space; ` + allowed,
		"eu#1":                  `interceptors: connection name = "eu#1"; ` + allowed,
		"еu":                    `interceptors: connection name = "еu"; character 1 is 'е' (U+0435), which looks like 'e'; ` + allowed,
		long:                    `interceptors: connection name = "` + long[:64] + `… (65 bytes)"; ` + allowed,
		strings.Repeat("x", 64): "",
		"eu-replica.1/a:b":      "",
	} {
		for kind, call := range calls {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r, err := interceptors.Default()
					if err != nil {
						t.Fatal(err)
					}
					cc := hosted(t, rpctest.Rig{}, nil, interceptors.DialOptions(r, interceptors.WithConnectionName(name))...)
					err = call(t.Context(), t, cc)
					if fault == "" && err != nil || fault != "" && (status.Code(err) != codes.Internal || status.Convert(err).Message() != fault) {
						t.Errorf("err = %v; want %q", err, fault)
					}
				})
			})
		}
	}
}

// A name costs a call nothing.
func TestConnectionNameAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	r, err := interceptors.Default()
	if err != nil {
		t.Fatal(err)
	}
	cc := deadPeer(t)
	call := interceptors.UnaryClientInterceptor(r, interceptors.WithConnectionName("eu"))
	answer := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	opts := []grpc.CallOption{grpc.StaticMethod()}
	got := testing.AllocsPerRun(1000, func() {
		if err := call(ctx, rpctest.Unary, nil, nil, cc, answer, opts...); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 && !raceEnabled {
		t.Errorf("%v allocations; want none", got)
	}
}
