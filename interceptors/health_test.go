package interceptors_test

import (
	"context"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Who asks for a server's health wants to know whether to restart it or to send it
// nothing. Neither helps a server that is overloaded, degraded, or cut off from something
// that it needs: it is SERVING, says so at once, and says nothing that it does not know.
func TestHealthIsNoMatterOfLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := make(chan struct{})
		rig := rpctest.Rig{Unary: func(context.Context) error {
			<-busy
			return status.Error(codes.Unavailable, "sick")
		}}
		guard, err := interceptors.NewRules([]rules.Rule{{Match: "*", Policies: []rules.Template{
			bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}).Per(rules.PerTarget),
			breaker.Each(breaker.Config{ConsecutiveFailures: 1}),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		marking := grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			_ = degrade.Mark(ctx, "", degrade.Partial, degrade.ReasonShed) // whatever is being answered
			return handler(ctx, req)
		})
		server := grpc.NewServer(append(interceptors.ServerOptions(guard), marking, grpc.WaitForHandlers(true))...)
		server.RegisterService(rig.Desc(), rig)
		healthv1.RegisterHealthServer(server, health.NewServer())
		cc := rpctest.Serve(t, server, "shop", interceptors.DialOptions(guard)...)
		serving := func(when string) {
			t.Helper()
			resp, err := healthv1.NewHealthClient(cc).Check(t.Context(), &healthv1.HealthCheckRequest{})
			if err != nil || resp.GetStatus() != healthv1.HealthCheckResponse_SERVING {
				t.Errorf("%s: %v, %v; want SERVING", when, resp.GetStatus(), err)
			}
		}
		done := make(chan error)
		go func() { done <- rpctest.Invoke(t.Context(), cc) }()
		synctest.Wait()
		if err := rpctest.Invoke(t.Context(), cc); policy.ReasonOf(err) != policy.ReasonBulkheadFull {
			t.Errorf("another call: %v; want it refused", err)
		}
		serving("full")
		close(busy)
		if err := <-done; status.Code(err) != codes.Unavailable {
			t.Errorf("the first call: %v; want UNAVAILABLE", err)
		}
		if err := rpctest.Invoke(t.Context(), cc); policy.ReasonOf(err) != policy.ReasonCircuitOpen {
			t.Errorf("the next call: %v; want it refused", err)
		}
		serving("cut off")
	})
}
