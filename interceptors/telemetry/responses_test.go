package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// profiles is a server that marks its response as it is told.
type profiles struct {
	testv1.UnimplementedTierServiceServer

	mark func(context.Context)
}

func (p profiles) GetProfile(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	p.mark(ctx)
	return &testv1.GetProfileResponse{}, nil
}

func (p profiles) WatchProfiles(_ *testv1.WatchProfilesRequest, s grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
	p.mark(s.Context())
	return nil
}

// answering runs the server, and calls one of its methods.
func (b *backend) answering(t *testing.T, mark func(context.Context), call func(context.Context, testv1.TierServiceClient)) {
	t.Helper()
	lis := b.listen(t, func(s *grpc.Server) { testv1.RegisterTierServiceServer(s, profiles{mark: mark}) },
		interceptors.ServerOptions(b.guard(t), interceptors.WithEdge())...)
	call(t.Context(), testv1.NewTierServiceClient(b.dial(t, lis)))
	synctest.Wait() // for the server's span to end, which is after the client has its answer
}

func getProfile(ctx context.Context, c testv1.TierServiceClient) {
	_, _ = c.GetProfile(ctx, &testv1.GetProfileRequest{})
}

func watchProfiles(ctx context.Context, c testv1.TierServiceClient) {
	if s, err := c.WatchProfiles(ctx, &testv1.WatchProfilesRequest{}); err == nil {
		_, _ = s.Recv()
	}
}

// The span of the server's call names what is degraded, but no key of a map.
func TestDegradedFields(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, testv1.TierServiceClient){
		"GetProfile": getProfile, "WatchProfiles": watchProfiles,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBackend(t)
				b.answering(t, func(ctx context.Context) {
					degrade.Add(ctx, degrade.NewReport(
						degrade.Marker{Path: "name", State: degrade.Stale, Reason: degrade.ReasonCircuitOpen},
						degrade.Marker{Path: degrade.Key("offers", "the name of a person"), State: degrade.Missing, Reason: degrade.ReasonTimeout},
						degrade.Marker{Path: "items[*]", State: degrade.Missing, Reason: degrade.ReasonTimeout, Count: 3, Keys: []string{"secret"}},
					))
				}, call)
				server := b.ofKind(trace.SpanKindServer)[0]
				server.wantOwn(t, "afloat.degraded.count=5",
					`afloat.degraded.fields=["items[*] missing timeout","name stale circuit_open","offers[*] missing timeout"]`)
				b.ofKind(trace.SpanKindClient)[0].wantOwn(t)
				method := "rpc.method=afloat.test.v1.TierService/" + name
				b.wantPoints(t, "afloat.server.degraded_responses", method+": 1")
				b.wantPoints(t, "afloat.server.degraded_fields",
					"afloat.field.reason=circuit_open afloat.field.state=stale "+method+": 1",
					"afloat.field.reason=timeout afloat.field.state=missing "+method+": 4")
			})
		})
	}
}

func TestCompleteResponsesSayNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		b.answering(t, func(context.Context) {}, getProfile)
		b.ofKind(trace.SpanKindServer)[0].wantOwn(t)
		b.wantPoints(t, "afloat.server.degraded_responses")
	})
}

// A span names a bounded number of fields, and counts them all.
func TestManyDegradedFields(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		b.answering(t, func(ctx context.Context) {
			for i := range 1000 {
				_ = degrade.Mark(ctx, degrade.Key("offers", strconv.Itoa(i)), degrade.Missing, degrade.ReasonTimeout)
			}
		}, getProfile)
		s := b.ofKind(trace.SpanKindServer)[0]
		i := slices.IndexFunc(s.Attributes, func(a attribute.KeyValue) bool { return a.Key == "afloat.degraded.fields" })
		if n := len(s.Attributes[i].Value.AsStringSlice()); n != 32 || !s.says("afloat.degraded.count", "1000") {
			t.Errorf("%d fields named of %v; want 32 of 1000", n, s.own()[:1])
		}
	})
}

// Names that strangers make up do not become series, however many they are.
func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	for i := range 1000 {
		name := fmt.Sprintf("/made.Up%d/Method", i)
		b.Answered(t.Context(), degrade.Response{Method: name, Report: degrade.NewReport(degrade.Marker{State: degrade.Partial})})
		b.tellAll(t, name)
	}
	for name, m := range b.collected(t) {
		if n := len(points(t, m)); n > 400 {
			t.Errorf("%s has %d series; want about 330", name, n)
		}
	}
	const rest = "afloat.field.reason=unspecified afloat.field.state=partial rpc.method=_OTHER: 670"
	if all := points(t, b.collected(t)["afloat.server.degraded_fields"]); !slices.Contains(all, rest) {
		t.Errorf("%d series, without %q: %q", len(all), rest, all[0])
	}
}

// Neither do they become names of spans, which backends count as well. The span says
// which one it was.
func TestNamesOfSpansAreBounded(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	for i := range 400 {
		for _, side := range []policy.Side{policy.Client, policy.Local} {
			b.Rejected(t.Context(), &policy.Call{Method: fmt.Sprintf("/made.Up/M%d", i), Side: side}, policy.Rejected{Err: errDown})
		}
	}
	spans := map[string]int{}
	for _, s := range b.spans.GetSpans() {
		spans[s.Name]++
	}
	last := b.ofKind(trace.SpanKindClient)[399]
	if len(spans) != 2*330+1 || spans["_OTHER"] != 140 || !last.says("rpc.method", "_OTHER") || !last.says("rpc.method_original", "made.Up/M399") {
		t.Errorf("%d names of spans, %d others, the last with %v", len(spans), spans["_OTHER"], last.Attributes)
	}
}

// What is no text would be refused by who gets it, with all that comes with it.
func TestWhatIsExportedIsText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		const strange = "/made.\xff/\xfe"
		refused := &policy.Rejection{Kind: "breaker", Name: strange, Method: strange, Reason: policy.ReasonCircuitOpen, Err: errors.New(strange)}
		for _, side := range []policy.Side{policy.Client, policy.Server, policy.Local} {
			call := policy.Call{Method: strange, Target: strange, Side: side}
			b.Rejected(t.Context(), &call, policy.Rejected{Err: refused, Waited: 1})
			b.Settled(t.Context(), &call, &policy.Outcome{})
			b.Transition(policy.Transition{Name: strange, Target: strange, Side: side})
			b.Late(policy.Late{Name: strange, Target: strange, Side: side})
		}
		b.Answered(t.Context(), degrade.Response{Method: strange, Report: degrade.NewReport(degrade.Marker{State: degrade.Partial})})
		b.gather(t, fanout.Optional("banner", banner(errors.New(strange)), setBanner), fanout.Required("account", account, setAccount))
		for name, m := range b.collected(t) {
			if all := strings.Join(points(t, m), "\n"); !utf8.ValidString(all) {
				t.Errorf("%s: %q", name, all)
			}
		}
		for _, s := range b.spans.GetSpans() {
			if all := fmt.Sprint(s.Name, s.Status, s.Attributes); !utf8.ValidString(all) || !utf8.ValidString(s.Status.Description) {
				t.Errorf("span %q: %s %q", s.Name, all, s.Status.Description)
			}
		}
		if strings.Contains(b.records.String(), `\xff`) { // as a text handler spells it
			t.Errorf("log:\n%s", b.records)
		}
	})
}

// At the bound too a name is always counted in one place, so that what is added to a
// sum is taken from it again.
func TestTheBoundIsSharp(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	var calls sync.WaitGroup
	for g := range 8 {
		calls.Go(func() {
			for i := range 100 {
				id := step.ID{Name: fmt.Sprintf("%d of %d", i, g)}
				b.StepEnded(t.Context(), id, step.Ended{Abandoned: true})
				b.StepEnded(t.Context(), id, step.Ended{Late: true})
			}
		})
	}
	calls.Wait()
	all := points(t, b.collected(t)["afloat.step.abandoned"])
	if odd := slices.IndexFunc(all, func(p string) bool { return !strings.HasSuffix(p, ": 0") }); len(all) != 331 || odd >= 0 {
		t.Errorf("%d series; want 330 and the rest, each of 0", len(all))
	}
}

// What no server registered has a name from anywhere, and takes nobody's place.
func TestUnregisteredMethods(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t)
		unknown := grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
			return degrade.Mark(s.Context(), "", degrade.Partial, degrade.ReasonTimeout)
		})
		list, err := interceptors.Default(policyObserver(b))
		if err != nil {
			t.Fatal(err)
		}
		lis := b.listen(t, func(*grpc.Server) {}, append(interceptors.ServerOptions(list), unknown)...)
		cc := b.dial(t, lis)
		for i := range 3 {
			s, err := cc.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, fmt.Sprintf("/made.Up/M%d", i))
			if err != nil {
				t.Fatal(err)
			}
			_ = s.RecvMsg(&testv1.GetProfileResponse{})
		}
		b.wantPoints(t, "afloat.server.degraded_responses", "rpc.method=_OTHER: 3")
		b.wantPoints(t, "afloat.server.calls", "afloat.verdict=success rpc.method=_OTHER: 3")
	})
}
