package interceptors_test

import (
	"context"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// telling hears of calls and of responses.
type telling struct {
	policy.NopObserver

	answered []string
}

func (o *telling) Answered(_ context.Context, r degrade.Response) {
	o.answered = append(o.answered, r.Method+" "+r.Report.Summary())
}

// Who observes the rules of a server and can hear of responses does.
func TestObserverOfTheRulesHearsOfResponses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		observer policy.Observer
		options  []interceptors.ServerOption
	}{
		"nobody":           {},
		"of calls only":    {observer: policy.NopObserver{}},
		"of both":          {observer: &telling{}},
		"of both, at edge": {observer: &telling{}, options: []interceptors.ServerOption{interceptors.WithEdge()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rules, err := interceptors.Default(rules.WithObserver(tt.observer))
				if err != nil {
					t.Fatal(err)
				}
				rig := rpctest.Rig{Unary: func(ctx context.Context) error {
					return degrade.Mark(ctx, "", degrade.Partial, degrade.ReasonTimeout)
				}}
				if err := rpctest.Invoke(t.Context(), serving(t, rig, interceptors.ServerOptions(rules, tt.options...))); err != nil {
					t.Fatal(err)
				}
				o, ok := tt.observer.(*telling)
				if ok && (len(o.answered) != 1 || o.answered[0] != rpctest.Unary+" 1; partial=1") {
					t.Errorf("heard %q", o.answered)
				}
			})
		})
	}
}

// serving runs the rig's service on a server with the given options, and returns a
// client without any.
func serving(t *testing.T, rig rpctest.Rig, opts []grpc.ServerOption) *grpc.ClientConn {
	t.Helper()
	server := grpc.NewServer(opts...)
	server.RegisterService(rig.Desc(), rig)
	return rpctest.Serve(t, server, "rig")
}
