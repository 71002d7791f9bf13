package policy_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// maintenance is a policy of one's own: it refuses all calls while it is on.
type maintenance struct {
	on      atomic.Bool
	refuser policy.Refuser
}

var errMaintenance = errors.New("shop: down for maintenance")

func newMaintenance() *maintenance {
	return &maintenance{refuser: policy.Refuser{
		Kind: "maintenance", Reason: "MAINTENANCE", Err: errMaintenance,
	}}
}

// Acquire refuses the call or lets it by. There is nothing to settle.
func (m *maintenance) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	if m.on.Load() {
		return policy.Permit{}, m.refuser.Refuse(call, "shop", time.Time{})
	}
	return policy.Permit{}, nil
}

// tally is a policy that counts how calls end.
type tally struct{ failures, others atomic.Int64 }

func (t *tally) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{Settler: t}, nil
}

// Settle counts only what the dependency did wrong. That there was no connection for the
// call is none of it.
func (t *tally) Settle(_ uint64, o *policy.Outcome) {
	if o.Verdict == policy.Failure && o.Sent != policy.No {
		t.failures.Add(1)
		return
	}
	t.others.Add(1)
}

// Any function can run under any policy. Its error comes back unchanged.
func ExampleRun() {
	count := new(tally)
	query := func(context.Context) error { return errors.New("connection refused") }
	err := policy.Run(context.Background(), count, "SELECT orders", query)
	fmt.Println(err)
	fmt.Println("failures:", count.failures.Load())
	// Output:
	// connection refused
	// failures: 1
}

// A function that has a value returns it. What it read must be read before it returns.
func ExampleDo() {
	count := new(tally)
	rows := func(context.Context) ([]string, error) { return []string{"lamp", "chair"}, nil }
	orders, err := policy.Do(context.Background(), count, "SELECT orders", rows)
	fmt.Println(orders, err)
	// Output: [lamp chair] <nil>
}

// A retry interceptor outside the guard should not repeat what was refused.
func ExampleRetriable() {
	retriable := policy.Retriable(nil)
	fmt.Println(retriable(status.Error(codes.Unavailable, "connection lost")))
	fmt.Println(retriable(&policy.Rejection{Kind: "breaker", Reason: policy.ReasonCircuitOpen}))
	// Output:
	// true
	// false
}

// One call may read errors in its own way. The option goes where gRPC's own
// call options go, into the call of a stub.
func ExampleReclassify() {
	missingIsFailure := policy.Reclassify(func(err error) policy.Verdict {
		if policy.Code(err) == codes.NotFound {
			return policy.Failure
		}
		return policy.Classify(err)
	})
	own := policy.OverridesOf([]grpc.CallOption{missingIsFailure})
	err := status.Error(codes.NotFound, "no such order")
	fmt.Println(policy.Classify(err), own.Classifier.Verdict(err))
	// Output: success failure
}

// A policy of one's own is one method, or two if it wants to know how calls
// end. In a chain it stands inside of afloat's own.
func ExamplePolicy() {
	switched, count := newMaintenance(), new(tally)
	chain, err := policy.NewChain([]policy.Policy{count, switched})
	if err != nil {
		fmt.Println(err)
		return
	}
	get := func(context.Context) error { return status.Error(codes.Unavailable, "connection lost") }
	fmt.Println(chain.Run(context.Background(), "/shop.Catalog/Get", get))
	switched.on.Store(true)
	err = chain.Run(context.Background(), "/shop.Catalog/Get", get)
	fmt.Println(err)
	fmt.Println(status.Code(err), policy.ReasonOf(err), errors.Is(err, errMaintenance))
	fmt.Println("failures:", count.failures.Load())
	// Output:
	// rpc error: code = Unavailable desc = connection lost
	// shop: down for maintenance: /shop.Catalog/Get (shop)
	// Unavailable MAINTENANCE true
	// failures: 1
}
