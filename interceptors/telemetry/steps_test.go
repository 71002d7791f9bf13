package telemetry_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

type (
	request = *testv1.GetPageRequest
	page    = *testv1.GetPageResponse
)

func setBanner(p page, b string)                      { p.Banner = b }
func setAccount(p page, a *testv1.GetAccountResponse) { p.Account = a }

// gather makes a plan of the sources and runs it once, in a span.
func (b *backend) gather(t *testing.T, sources ...fanout.Source[request, page]) {
	t.Helper()
	plan, err := fanout.NewPlanWith(fanout.Config{
		Name: "GetPage", MaxDuration: time.Second, Observer: b, Logger: slog.New(slog.DiscardHandler),
	}, sources...)
	if err != nil {
		t.Fatal(err)
	}
	b.within(t.Context(), func(ctx context.Context) {
		if _, err := plan.Gather(ctx, &testv1.GetPageRequest{}, &testv1.GetPageResponse{}); err != nil {
			t.Error(err)
		}
	})
}

func account(context.Context, request) (*testv1.GetAccountResponse, error) {
	return &testv1.GetAccountResponse{}, nil
}

func banner(err error) func(context.Context, request) (string, error) {
	return func(context.Context, request) (string, error) { return "hello", err }
}

// Each step has a span with its own error, though a fallback answers.
func TestStepsHaveSpans(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		b.gather(
			t,
			fanout.Required("account", account, setAccount),
			fanout.Optional("banner", banner(errDown), setBanner).
				Else(fallback.To("cached", banner(errDown)), fallback.Default(func(request) string { return "welcome" })),
		)
		b.wantTree(t, "handler", "handler / GetPage account", "handler / GetPage banner",
			"handler / GetPage banner: cached", "handler / GetPage banner: default")
		const names = "afloat.plan.name=GetPage"
		for name, want := range map[string]struct {
			failed bool
			own    []string
		}{
			"GetPage account":         {false, []string{"afloat.chain.name=account", names, "afloat.step.fallback=false", "afloat.step.name=account"}},
			"GetPage banner":          {true, []string{"afloat.chain.name=banner", names, "afloat.step.fallback=false", "afloat.step.name=banner"}},
			"GetPage banner: cached":  {true, []string{"afloat.chain.name=banner", names, "afloat.step.fallback=true", "afloat.step.name=cached"}},
			"GetPage banner: default": {false, []string{"afloat.chain.name=banner", names, "afloat.step.fallback=true", "afloat.step.name=default"}},
		} {
			s := b.only(t, name)
			s.wantOwn(t, want.own...)
			if failed := s.Status.Code == codes.Error; failed != want.failed {
				t.Errorf("%s: status is %v", name, s.Status)
			}
			if want.failed && !s.says("error.type", "UNAVAILABLE") {
				t.Errorf("%s has %v", name, s.Attributes)
			}
		}
		const series = "afloat.chain.name=banner " + names
		b.wantPoints(t, "afloat.step.failures", series+" afloat.step.name=banner error.type=UNAVAILABLE: 1",
			series+" afloat.step.name=cached error.type=UNAVAILABLE: 1")
		b.wantPoints(t, "afloat.fallbacks",
			"afloat.chain.name=banner afloat.field.reason=unavailable afloat.field.state=defaulted "+names+" afloat.step.name=default: 1")
		b.wantPoints(t, "afloat.plan.runs", names+" afloat.plan.outcome=degraded: 1")
		b.wantLog(t, `level=INFO msg="a fallback answered" chain=banner step=default state=defaulted reason=unavailable plan=GetPage`)
	})
}

func (s span) says(key, value string) bool {
	for _, a := range s.Attributes {
		if string(a.Key) == key {
			return a.Value.String() == value
		}
	}
	return false
}

// That there is no such thing is an answer, and no failure of its source.
func TestAnswersAreNoFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		b.gather(t, fanout.Optional("banner", banner(status.Error(grpccodes.NotFound, "none")), setBanner))
		if s := b.only(t, "GetPage banner"); s.Status.Code != codes.Unset {
			t.Errorf("status is %v", s.Status)
		}
		b.wantPoints(t, "afloat.step.failures")
		b.wantPoints(t, "afloat.plan.runs", "afloat.plan.name=GetPage afloat.plan.outcome=complete: 1")
	})
}

// Whatever else a source says is a failure of it, and seen as one, though no
// breaker would count it. So is NOT_FOUND of a fallback.
func TestOtherErrorsAreFailures(t *testing.T) {
	t.Parallel()
	denied := status.Error(grpccodes.PermissionDenied, "no")
	for name, tt := range map[string]struct {
		source fanout.Source[request, page]
		want   string // empty: none
	}{
		"PERMISSION_DENIED":          {fanout.Optional("banner", banner(denied), setBanner), "PERMISSION_DENIED"},
		"an answer by declaration":   {fanout.Optional("banner", banner(denied), setBanner).Answers(grpccodes.PermissionDenied), ""},
		"a refusal without a reason": {fanout.Optional("banner", banner(&policy.Rejection{Kind: "own", Err: errDown}), setBanner), "UNAVAILABLE"},
		"cancelled by the source":    {fanout.Optional("banner", banner(context.Canceled), setBanner), "CANCELLED"},
		"of a fallback": {
			fanout.Optional("banner", banner(errDown), setBanner).Else(fallback.To("none", banner(status.Error(grpccodes.NotFound, "none")))), "NOT_FOUND",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t)
				b.gather(t, tt.source, fanout.Required("account", account, setAccount))
				spans := append(b.named("GetPage banner"), b.named("GetPage banner: none")...)
				s := spans[len(spans)-1]
				if failed := s.Status.Code == codes.Error; failed != (tt.want != "") || failed && !s.says("error.type", tt.want) {
					t.Errorf("status is %v, attributes %v; want %q", s.Status, s.Attributes, tt.want)
				}
				counted := strings.Contains(strings.Join(points(t, b.collected(t)["afloat.step.failures"]), " "), "error.type="+tt.want)
				if counted != (tt.want != "") {
					t.Errorf("failures: %q", points(t, b.collected(t)["afloat.step.failures"]))
				}
			})
		})
	}
}

// The reason of a refusal in a peer is told, if it is one that there is.
func TestErrorsOfPeers(t *testing.T) {
	t.Parallel()
	said := func(code grpccodes.Code, reason string) error {
		s, err := status.New(code, "refused").WithDetails(&errdetails.ErrorInfo{Domain: policy.Domain, Reason: reason})
		if err != nil {
			t.Fatal(err)
		}
		return s.Err()
	}
	b := newBackend(t)
	for want, err := range map[string]error{
		"circuit_open": said(grpccodes.Unavailable, "CIRCUIT_OPEN"), "overruns": said(grpccodes.ResourceExhausted, "OVERRUNS"),
		"UNAVAILABLE": said(grpccodes.Unavailable, "MADE_UP"), "UNKNOWN": status.Error(99, "a code that there is not"),
	} {
		id := step.ID{Chain: want, Name: want}
		b.StepEnded(b.StepStarted(t.Context(), id), id, step.Ended{Err: err})
		if s := b.only(t, want); !s.says("error.type", want) {
			t.Errorf("%v: span has %v; want %s", err, s.Attributes, want)
		}
	}
}

// A step ends no span but its own.
func TestStepsEndTheirOwnSpans(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	outer, inner := step.ID{Chain: "outer"}, step.ID{Chain: "inner"}
	ctx := b.StepStarted(t.Context(), outer)
	b.StepEnded(ctx, inner, step.Ended{}) // as if its span had not been made
	b.wantTree(t)
	b.StepEnded(ctx, outer, step.Ended{})
	b.only(t, "outer: ")
}

// A run that fails counts as failed, whatever its report says.
func TestFailedRuns(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.Gathered(t.Context(), "GetPage", degrade.Report{}, errDown)
	b.Gathered(t.Context(), "GetPage", degrade.NewReport(), errDown)
	b.Gathered(t.Context(), "GetPage", degrade.NewReport(), nil)
	b.wantPoints(t, "afloat.plan.runs", "afloat.plan.name=GetPage afloat.plan.outcome=failed: 2",
		"afloat.plan.name=GetPage afloat.plan.outcome=complete: 1")
}

// A source that its guard refuses fails with the reason of the refusal.
func TestRefusedStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		open, err := breaker.New(breaker.Config{Mode: breaker.AlwaysOpen}, breaker.WithName("banner"))
		if err != nil {
			t.Fatal(err)
		}
		b.gather(t, fanout.Optional("banner", banner(nil), setBanner).Guard(open), fanout.Required("account", account, setAccount))
		if s := b.only(t, "GetPage banner"); !s.says("error.type", "circuit_open") {
			t.Errorf("span has %v", s.Attributes)
		}
		b.wantPoints(t, "afloat.step.failures",
			"afloat.chain.name=banner afloat.plan.name=GetPage afloat.step.name=banner error.type=circuit_open: 1")
	})
}

// A source that ignores its context is left behind: its span ends then, and what
// comes late has a short one, linked to that.
func TestLateSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		deaf := func(context.Context, request) (string, error) {
			time.Sleep(time.Minute)
			return "late", nil
		}
		b.gather(t, fanout.Optional("banner", deaf, setBanner), fanout.Required("account", account, setAccount))
		const series = "afloat.chain.name=banner afloat.plan.name=GetPage afloat.step.name=banner"
		b.wantPoints(t, "afloat.step.abandoned", series+": 1")
		own := b.only(t, "GetPage banner")
		if d := own.EndTime.Sub(own.StartTime); d != 900*time.Millisecond || !own.says("afloat.step.abandoned", "true") {
			t.Errorf("the span lasts %v and has %v", d, own.Attributes)
		}
		time.Sleep(time.Minute)
		late := b.only(t, "GetPage banner (late)")
		late.under(t, own)
		if len(late.Links) != 1 || late.Links[0].SpanContext.SpanID() != own.SpanContext.SpanID() || late.EndTime != late.StartTime {
			t.Errorf("links are %v, from %v to %v", late.Links, late.StartTime, late.EndTime)
		}
		late.wantOwn(t, "afloat.chain.name=banner", "afloat.plan.name=GetPage", "afloat.step.fallback=false",
			"afloat.step.late=true", "afloat.step.name=banner")
		b.wantPoints(t, "afloat.step.abandoned", series+": 0")
		b.wantPoints(t, "afloat.step.late", series+": 1")
		b.wantPoints(t, "afloat.step.failures", series+" error.type=DEADLINE_EXCEEDED: 1")
	})
}

// A source that ends because its time is over is not late, though it ends a moment after
// it was left behind.
func TestStepsThatHeedTheirContextAreNotLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		heeding := func(ctx context.Context, _ request) (string, error) {
			<-ctx.Done()
			time.Sleep(time.Millisecond)
			return "", status.FromContextError(ctx.Err()).Err()
		}
		b.gather(t, fanout.Optional("banner", heeding, setBanner), fanout.Required("account", account, setAccount))
		time.Sleep(time.Second)
		b.only(t, "GetPage banner")
		b.wantPoints(t, "afloat.step.abandoned", "afloat.chain.name=banner afloat.plan.name=GetPage afloat.step.name=banner: 0")
		b.wantPoints(t, "afloat.step.late")
		if late := b.named("GetPage banner (late)"); len(late) != 0 {
			t.Errorf("spans: %v", late)
		}
	})
}

// Every span of a step ends once, whatever else happens.
func TestNoSpanIsLeftOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		boom := func(context.Context, request) (string, error) { panic("oops") }
		b.gather(t, fanout.Optional("banner", boom, setBanner).Else(fallback.To("again", boom)), fanout.Required("account", account, setAccount))
		var stubs tracetest.SpanStubs
		for _, s := range b.spans.GetSpans() {
			if s.EndTime.IsZero() {
				t.Errorf("%s has not ended", s.Name)
			}
			stubs = append(stubs, s)
		}
		if len(stubs) != 4 {
			t.Errorf("spans: %q", b.tree())
		}
		if s := b.only(t, "GetPage banner: again"); !s.says("error.type", "INTERNAL") {
			t.Errorf("span has %v", s.Attributes)
		}
	})
}
