package interceptors_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/pressure"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// stillScheduler is one under which no goroutine waits, as in virtual time.
type stillScheduler struct{}

func (stillScheduler) Waits() (uint64, time.Duration) { return 0, 0 }

func (stillScheduler) Yield() {}

// underControl returns a server of one slow lock, and its rules.
func underControl(t *testing.T, option interceptors.ServerOption, more ...rules.Rule) (*grpc.ClientConn, *rules.Rules) {
	t.Helper()
	r, err := interceptors.NewRules(more)
	if err != nil {
		t.Fatal(err)
	}
	lock := make(chan struct{}, 1)
	work := func(ctx context.Context) error {
		select {
		case lock <- struct{}{}:
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
		time.Sleep(10 * time.Millisecond)
		<-lock
		return nil
	}
	server := grpc.NewServer(append(interceptors.ServerOptions(r, option), grpc.WaitForHandlers(true))...)
	rig := rpctest.Rig{Unary: work}
	server.RegisterService(rig.Desc(), rig)
	healthv1.RegisterHealthServer(server, health.NewServer())
	return rpctest.Serve(t, server, "controlled", interceptors.DialOptions(rpctest.One{})...), r
}

// controlled puts a server under control, in virtual time.
func controlled() interceptors.ServerOption {
	return interceptors.WithOverloadControl(overload.WithMeter(pressure.NewMeter(stillScheduler{})))
}

// crowd makes calls at four times the capacity for a while, half of them critical in every
// eighth, and counts how they end, by class.
func crowd(t *testing.T, cc *grpc.ClientConn, see func(error, metadata.MD)) (good, all map[criticality.Class]int) {
	t.Helper()
	good, all = map[criticality.Class]int{}, map[criticality.Class]int{}
	type end struct {
		class   criticality.Class
		err     error
		trailer metadata.MD
	}
	ends := make(chan end, 4000)
	for i := range 4000 {
		class := criticality.Low
		if i%8 == 0 {
			class = criticality.Critical
		}
		go func() {
			ctx, cancel := context.WithTimeout(criticality.With(context.Background(), class), 250*time.Millisecond)
			defer cancel()
			var trailer metadata.MD
			err := rpctest.Invoke(ctx, cc, grpc.Trailer(&trailer))
			ends <- end{class, err, trailer}
		}()
		time.Sleep(2500 * time.Microsecond)
	}
	for range 4000 {
		e := <-ends
		all[e.class]++
		if e.err == nil {
			good[e.class]++
		} else if see != nil {
			see(e.err, e.trailer)
		}
	}
	return good, all
}

// Four times the load that a server can bear: critical calls are answered, the others as
// far as there is room, and who is refused learns why and when to come back. Meanwhile the
// health service is served and says that the server is well.
func TestOverloadControlOfAServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cc, r := underControl(t, controlled())
		over := make(chan struct{})
		ill := 0
		go func() {
			defer close(over)
			for range 100 {
				answer, err := healthv1.NewHealthClient(cc).Check(t.Context(), &healthv1.HealthCheckRequest{})
				if err != nil || answer.GetStatus() != healthv1.HealthCheckResponse_SERVING {
					ill++
				}
				time.Sleep(100 * time.Millisecond)
			}
		}()
		refused := 0
		good, all := crowd(t, cc, func(err error, trailer metadata.MD) {
			if policy.ReasonOf(err) == policy.ReasonOverloaded {
				refused++
				checkRefusal(t, status.Convert(err), trailer)
			}
		})
		<-over
		if share := float64(good[criticality.Critical]) / float64(all[criticality.Critical]); share < 0.95 {
			t.Errorf("%.3f of the critical calls were answered", share)
		}
		if n := good[criticality.Critical] + good[criticality.Low]; n < 900 {
			t.Errorf("%d calls were answered of 1000 that could be", n)
		}
		if refused < 2500 || ill > 0 {
			t.Errorf("%d calls were refused, %d health checks failed", refused, ill)
		}
		if shown := shownControl(r); shown == nil || shown.Snapshot().Rejected < uint64(refused) || shown.Snapshot().InFlight != 0 {
			t.Errorf("the rules show %v as the control of the server", shown)
		}
	})
}

// checkRefusal requires of a refusal for overload that it says who refused and when to
// come back.
func checkRefusal(t *testing.T, s *status.Status, trailer metadata.MD) {
	t.Helper()
	info, hasInfo := s.Details()[0].(*errdetails.ErrorInfo)
	retry, hasRetry := s.Details()[len(s.Details())-1].(*errdetails.RetryInfo)
	ms, bad := strconv.Atoi(trailer.Get("grpc-retry-pushback-ms")[0])
	if s.Code() != codes.ResourceExhausted || !hasInfo || info.GetMetadata()["policy"] != "overload" || !hasRetry || retry.GetRetryDelay() == nil || bad != nil || ms < 0 {
		t.Errorf("%v with %v, trailer %v", s, s.Details(), trailer)
	}
}

// shownControl returns the control of a server that the rules show, nil if there is none.
func shownControl(r *rules.Rules) *overload.Control {
	for l := range r.Live() {
		if c, ok := l.Policy.(*overload.Control); ok && l.Kind == "overload" && l.Side == policy.Server {
			return c
		}
	}
	return nil
}

// The control of a server takes the place of the built-in places, and not of a bulkhead of
// the program's own. Without it they stand.
func TestOverloadControlInPlaceOfTheBuiltIn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		controlled bool
		rules      []rules.Rule
		want       int
	}{
		"controlled":    {true, nil, 0},
		"not":           {false, nil, 1},
		"bulkhead, too": {true, []rules.Rule{{Match: "*", Policies: []rules.Template{bulkhead.Each(bulkhead.Config{MaxConcurrent: 9})}}}, 1},
	} {
		r, err := interceptors.NewRules(tt.rules)
		if err != nil {
			t.Fatal(err)
		}
		a := policy.Begin()
		a.Call = policy.Call{Method: "/a.B/C", Side: policy.Server}
		if tt.controlled {
			if a.Control, err = overload.New(overload.Config{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Resolve(&a.Call).Admit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		held := 0
		for l := range r.Live() {
			if b, ok := l.Policy.(*bulkhead.Bulkhead); ok {
				held += b.Snapshot().InFlight
			}
		}
		if held != tt.want {
			t.Errorf("%s: %d places taken; want %d", name, held, tt.want)
		}
		a.End()
	}
}

// Calls that a rule exempts, or that have a controller of their own, are not under that of
// the server.
func TestExemptFromControl(t *testing.T) {
	t.Parallel()
	server, err := overload.New(overload.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		policies []rules.Template
		want     int
	}{
		"plain":  {[]rules.Template{bulkhead.Each(bulkhead.Config{MaxConcurrent: 9})}, 1},
		"exempt": {[]rules.Template{overload.Each(overload.Config{Mode: overload.Exempt})}, 0},
		"own":    {[]rules.Template{overload.Each(overload.Config{})}, 0},
	} {
		r, err := rules.New([]rules.Rule{{Match: "*", Policies: tt.policies}})
		if err != nil {
			t.Fatal(err)
		}
		a := policy.Begin()
		a.Call, a.Control = policy.Call{Method: "/a.B/C", Side: policy.Server}, server
		if _, err := r.Resolve(&a.Call).Admit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if got := server.Snapshot().InFlight; got != tt.want {
			t.Errorf("%s: %d calls under the control of the server; want %d", name, got, tt.want)
		}
		a.End()
	}
}

// In shadow nobody is refused.
func TestOverloadShadowRefusesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cc, r := underControl(t, interceptors.WithOverloadShadow(overload.WithMeter(pressure.NewMeter(stillScheduler{}))))
		_, all := crowd(t, cc, func(err error, _ metadata.MD) {
			if policy.ReasonOf(err) != "" {
				t.Errorf("refused: %v", err)
			}
		})
		for l := range r.Live() {
			if c, ok := l.Policy.(*overload.Control); ok && c.Snapshot().Rejected == 0 {
				t.Errorf("of %d calls none was counted: %+v", all[criticality.Low], c.Snapshot())
			}
		}
	})
}
