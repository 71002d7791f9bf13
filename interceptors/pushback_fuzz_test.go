package interceptors_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// FuzzPushback ends calls with any grpc-retry-pushback-ms: a policy hears of a wait that
// is not negative, and of none where there is more than one value.
func FuzzPushback(f *testing.F) {
	for _, v := range []string{"", "0", "5", "-1", "2147483647", "2147483648", "99999999999999999999", "soon", " 5", "+5", "\xff"} {
		f.Add(v, true)
		f.Add(v, false)
	}
	f.Fuzz(func(t *testing.T, value string, once bool) {
		hears := new(pushed)
		chain, err := policy.NewChain([]policy.Policy{hears})
		if err != nil {
			t.Fatal(err)
		}
		values := []string{value}
		if !once {
			values = append(values, value)
		}
		call := interceptors.UnaryClientInterceptor(always{chain})
		_ = call(t.Context(), "/a.B/C", nil, nil, nil, // it returns what its invoker does
			func(_ context.Context, _ string, _, _ any, _ *grpc.ClientConn, opts ...grpc.CallOption) error {
				for _, o := range opts {
					if o, ok := o.(grpc.TrailerCallOption); ok {
						*o.TrailerAddr = metadata.MD{"grpc-retry-pushback-ms": values}
					}
				}
				return context.DeadlineExceeded
			})
		if !hears.settled || hears.wait < 0 || hears.wait > 1<<31*time.Millisecond || !once && hears.wait != 0 {
			t.Errorf("%q, once %v: %+v", value, once, hears)
		}
	})
}

// pushed is a policy that hears how long to wait.
type pushed struct {
	settled bool
	wait    time.Duration
}

func (p *pushed) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{Settler: p, Wants: policy.WantsEvidence}, nil
}

func (p *pushed) Settle(_ uint64, o *policy.Outcome) { p.settled, p.wait = true, o.Pushback }

// always resolves all calls to one chain.
type always struct{ chain *policy.Chain }

func (a always) Resolve(*policy.Call) *policy.Chain { return a.chain }
