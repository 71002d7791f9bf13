package fallback_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/misuse"
)

func TestCallThatSucceedsIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fallbacks := methods(t, method().Else(method().Static(&testv1.GetProfileResponse{Name: "nobody"})))
		cc := (&profiles{get: answers("Ada")}).dial(t, "main", fallbacks)
		var report degrade.Report
		resp, err := testv1.NewTierServiceClient(cc).GetProfile(t.Context(), &testv1.GetProfileRequest{}, degrade.Capture(&report))
		if err != nil || resp.GetName() != "Ada" || !report.Complete() {
			t.Errorf("response = %v, %v; report: %v", resp, err, report.Proto())
		}
	})
}

func TestStaticResponseIsCopiedAndMarked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var heard recorder
		fixed := &testv1.GetProfileResponse{Name: "nobody", Tags: []string{"a"}}
		fallbacks, err := fallback.NewMethodsWith(
			fallback.MethodsConfig{Target: "passthrough:///main", Observer: &heard}, method().Else(method().Static(fixed)))
		if err != nil {
			t.Fatal(err)
		}
		fixed.Name = "changed later"
		cc := (&profiles{get: refuses(errDown)}).dial(t, "main", fallbacks)
		for range 2 {
			ctx, scope := degrade.Open(t.Context())
			var report degrade.Report
			reply := &testv1.GetProfileResponse{Avatar: "left over"}
			err := cc.Invoke(degrade.Under(ctx, "profile"), testv1.TierService_GetProfile_FullMethodName,
				&testv1.GetProfileRequest{}, reply, degrade.Capture(&report))
			if err != nil || reply.GetName() != "nobody" || reply.GetAvatar() != "" {
				t.Fatalf("reply = %v, %v", reply, err)
			}
			reply.Tags[0] = "written to"
			if report.State("") != degrade.Defaulted || degrade.FromResponse(reply).State("") != degrade.Defaulted {
				t.Errorf("captured %v, in the reply %v", report.Proto(), reply.GetDegradation())
			}
			if r := scope.Close(); r.Len() != 1 || r.State("profile") != degrade.Defaulted {
				t.Errorf("scope says %v", r.Proto())
			}
		}
		const m = testv1.TierService_GetProfile_FullMethodName
		once := []string{
			"{Plan: Chain:" + m + " Name:default Fallback:true} started",
			m + "/default ended: {Err:<nil> Answer:false Abandoned:false Late:false}, in default",
			"fell back: {Plan: Chain:" + m + " Step:default State:defaulted Age:0s Cause:rpc error: code = Unavailable desc = down}",
		}
		heard.is(t, append(once, once...)...)
	})
}

// Who has gone waits for no fallback, and gets the error of the call itself.
func TestWhoHasGoneIsGivenNoFallback(t *testing.T) {
	t.Parallel()
	asked := false
	fallbacks := methods(t, method().Else(fallback.To("cache", func(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
		asked = true
		return &testv1.GetProfileResponse{}, nil
	})))
	ctx, cancel := context.WithCancel(t.Context())
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
		cancel()
		return errDown
	}
	err := fallbacks.UnaryClientInterceptor()(ctx, testv1.TierService_GetProfile_FullMethodName,
		&testv1.GetProfileRequest{}, &testv1.GetProfileResponse{}, nil, invoker)
	if !errors.Is(err, errDown) || asked {
		t.Errorf("error = %v, fallback asked: %v; want that of the call", err, asked)
	}
}

func TestCallThatIsAnsweredGetsItsError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fallbacks := methods(t, method().Else(method().Static(&testv1.GetProfileResponse{Name: "nobody"})))
		cc := (&profiles{get: refuses(status.Error(codes.NotFound, "no such profile"))}).dial(t, "main", fallbacks)
		_, err := testv1.NewTierServiceClient(cc).GetProfile(t.Context(), &testv1.GetProfileRequest{})
		if status.Code(err) != codes.NotFound {
			t.Errorf("error = %v", err)
		}
	})
}

func TestCompleteOrNothingHasNoFallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fallbacks := methods(t, method().Else(method().Static(&testv1.GetProfileResponse{Name: "nobody"})))
		cc := (&profiles{get: refuses(errDown)}).dial(t, "main", fallbacks)
		_, err := testv1.NewTierServiceClient(cc).GetProfile(t.Context(), &testv1.GetProfileRequest{}, degrade.RequireComplete())
		if status.Code(err) != codes.Unavailable || status.Convert(err).Message() != "down" {
			t.Errorf("error = %v; want that of the call", err)
		}
	})
}

func TestOtherConnectionAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := (&profiles{get: func(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
			err := degrade.Mark(ctx, "avatar", degrade.Missing, degrade.ReasonShed)
			return &testv1.GetProfileResponse{Name: "Ada"}, err
		}}).dial(t, "other", nil)
		cc := (&profiles{get: refuses(errDown)}).dial(t, "main", methods(t, method().Else(method().Conn("other region", other))))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var report degrade.Report
		resp, err := testv1.NewTierServiceClient(cc).GetProfile(ctx, &testv1.GetProfileRequest{}, degrade.Capture(&report))
		if err != nil || resp.GetName() != "Ada" {
			t.Fatalf("response = %v, %v", resp, err)
		}
		if report.State("") != degrade.Substituted || report.State("avatar") != degrade.Missing || report.Len() != 2 {
			t.Errorf("report = %v", report.Proto())
		}
		if inside := degrade.FromResponse(resp); inside.Len() != 2 || inside.State("avatar") != degrade.Missing {
			t.Errorf("in the response: %v", inside.Proto())
		}
	})
}

// A step that calls another connection is one like any other: first or last, in a
// chain or in a source of a plan.
func TestConnectionsMakeAChain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := (&profiles{get: refuses(errDown)}).dial(t, "near", nil), (&profiles{get: answers("Ada")}).dial(t, "far", nil)
		c, err := fallback.New("profile", method().Conn("near", near).Timeout(time.Second), method().Conn("far", far))
		if err != nil {
			t.Fatal(err)
		}
		a, err := c.Do(t.Context(), &testv1.GetProfileRequest{})
		if err != nil || a.Value.GetName() != "Ada" || a.Step != "far" || a.Report.State("") != degrade.Substituted {
			t.Errorf("answer = %+v, %v", a, err)
		}
	})
}

func TestCallLeavesTimeToItsFallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
			<-ctx.Done()
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		var left time.Duration
		f := func(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
			end, _ := ctx.Deadline()
			left = time.Until(end)
			return &testv1.GetProfileResponse{Name: "cached"}, nil
		}
		cc := (&profiles{get: hang}).dial(t, "main", methods(t, method().Else(fallback.To("cache", f))))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		resp, err := testv1.NewTierServiceClient(cc).GetProfile(ctx, &testv1.GetProfileRequest{})
		if err != nil || resp.GetName() != "cached" || left != 250*time.Millisecond {
			t.Errorf("response = %v, %v, with %v left; want 250ms", resp, err, left)
		}
	})
}

func TestAllFallbacksFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := method().Else(
			fallback.To("cache", refuses(status.Error(codes.DataLoss, "gone"))), method().LastGood(store(t, fallback.StoreConfig{}), fallback.SameForAll()))
		cc := (&profiles{get: refuses(errDown)}).dial(t, "main", methods(t, m))
		_, err := testv1.NewTierServiceClient(cc).GetProfile(t.Context(), &testv1.GetProfileRequest{})
		if status.Code(err) != codes.Unavailable || !errors.Is(err, fallback.ErrNotKept) {
			t.Errorf("error = %v", err)
		}
	})
}

func TestOpenCircuitFallsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		get := func(context.Context, *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
			calls++
			return nil, errDown
		}
		cc := (&profiles{get: get}).dial(t, "main", methods(t, method().Else(method().Static(&testv1.GetProfileResponse{Name: "nobody"}))))
		var report degrade.Report
		for range 30 {
			resp, err := testv1.NewTierServiceClient(cc).GetProfile(t.Context(), &testv1.GetProfileRequest{}, degrade.Capture(&report))
			if err != nil || resp.GetName() != "nobody" {
				t.Fatalf("response = %v, %v", resp, err)
			}
		}
		if calls != 15 { // as many as open a circuit that knows nothing
			t.Errorf("%d calls reached the server; want 15", calls)
		}
		for m := range report.Markers() {
			if m.Reason != degrade.ReasonCircuitOpen {
				t.Errorf("reason = %v; want circuit_open", m.Reason)
			}
		}
	})
}

// Of a service that no linked file has, only a call tells which messages it has.
func TestMethodWithOtherMessagesSaysSo(t *testing.T) {
	t.Parallel()
	const name = "/unlinked.v1.Profiles/Get"
	m := fallback.For[*wrapperspb.StringValue, *wrapperspb.StringValue](name)
	m = m.Else(m.Static(wrapperspb.String("wrong")))
	err := methods(t, m).UnaryClientInterceptor()(t.Context(), name, &testv1.GetProfileRequest{}, &testv1.GetProfileResponse{}, nil,
		func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return errDown })
	const want = `fallback "/unlinked.v1.Profiles/Get": call: rpc error: code = Unavailable desc = down; ` +
		`fallbacks: rpc error: code = Internal desc = fallback: messages = *testv1.GetProfileRequest, *testv1.GetProfileResponse; ` +
		`must be *wrapperspb.StringValue, *wrapperspb.StringValue as the method was described`
	if err == nil || err.Error() != want || status.Code(err) != codes.Unavailable {
		t.Errorf("error = %v; want %v", err, want)
	}
}

// Fallbacks are for methods that there are, as the linked files know: unary ones, with
// their messages. Of a service that none has it is told.
func TestFallbacksAreForMethodsThatThereAre(t *testing.T) {
	t.Parallel()
	const service = "/afloat.test.v1.TierService/"
	var mu sync.Mutex
	told := map[string]bool{}
	t.Cleanup(misuse.Watch(func(m misuse.Misuse) {
		mu.Lock()
		defer mu.Unlock()
		told[string(m.Kind)+" "+m.Where] = true
	}))
	profile := func(name string) fallback.AnyMethod {
		m := fallback.For[*testv1.GetProfileRequest, *testv1.GetProfileResponse](name)
		return m.Else(m.Static(&testv1.GetProfileResponse{}))
	}
	other := fallback.For[*testv1.GetProfileRequest, *testv1.GetPageResponse](service + "GetProfile")
	dynamic := fallback.For[*dynamicpb.Message, *dynamicpb.Message](service + "GetProfile")
	messages := fallback.For[*testv1.GetPageRequest, *testv1.GetPageResponse](service + "GetProfile")
	for name, tt := range map[string]struct {
		method fallback.AnyMethod
		want   string
		told   string
	}{
		"right":            {profile(service + "GetProfile"), "", ""},
		"dynamic messages": {dynamic.Else(fallback.Default(func(*dynamicpb.Message) *dynamicpb.Message { return nil })), "", ""},
		"no such method":   {profile(service + "GetProfil"), `method = "/afloat.test.v1.TierService/GetProfil"; must be one of GetPage, GetAccount, GetProfile, GetPlain of afloat.test.v1.TierService`, ""},
		"another spelling": {profile(service + "getProfile"), "must be one of", ""},
		"server stream":    {profile(service + "WatchProfiles"), `WatchProfiles", which streams; must be a unary one`, ""},
		"client stream":    {profile(service + "UploadNames"), "which streams; must be a unary one", ""},
		"both":             {profile(service + "Chat"), "which streams; must be a unary one", ""},
		"another response": {other.Else(other.Static(&testv1.GetPageResponse{})), "must be afloat.test.v1.GetProfileRequest, afloat.test.v1.GetProfileResponse", ""},
		"other messages":   {messages.Else(messages.Static(&testv1.GetPageResponse{})), "messages of /afloat.test.v1.TierService/GetProfile = afloat.test.v1.GetPageRequest, afloat.test.v1.GetPageResponse", ""},
		"a message":        {profile("/afloat.test.v1.GetPageRequest/GetProfile"), "must be of a service, which afloat.test.v1.GetPageRequest is not", ""},
		"no such service":  {profile("/afloat.test.v1.TearService/GetProfile"), "", "method_unknown fallbacks of /afloat.test.v1.TearService/GetProfile"},
	} {
		_, err := fallback.NewMethods("passthrough:///main", tt.method)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v; want %q", name, err, tt.want)
		}
		mu.Lock()
		if tt.told != "" && !told[tt.told] {
			t.Errorf("%s: told %v; want %q", name, told, tt.told)
		}
		mu.Unlock()
	}
	mu.Lock()
	defer mu.Unlock()
	for m := range told {
		if strings.Contains(m, service) {
			t.Errorf("told %s of a service that is linked", m)
		}
	}
}

func TestTimeoutOfTheCallAndWhen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context, _ *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
			<-ctx.Done()
			time.Sleep(time.Second) // else its answer might be the first to arrive
			return nil, status.Error(codes.Aborted, "never mind")
		}
		m := method().Timeout(time.Second).Else(method().Static(&testv1.GetProfileResponse{Name: "nobody"})).
			When(func(err error) bool { return status.Code(err) == codes.DeadlineExceeded })
		begin := time.Now()
		cc := (&profiles{get: hang}).dial(t, "main", methods(t, m))
		resp, err := testv1.NewTierServiceClient(cc).GetProfile(t.Context(), &testv1.GetProfileRequest{})
		if err != nil || resp.GetName() != "nobody" || time.Since(begin) != time.Second {
			t.Errorf("response = %v, %v after %v", resp, err, time.Since(begin))
		}
	})
}

func TestOtherMethodsPassThrough(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*fallback.Methods{"none": nil, "another": methods(t, method().Else(method().Static(&testv1.GetProfileResponse{})))} {
		called := false
		invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
			called = true
			return breaker.ErrOpen
		}
		err := c.UnaryClientInterceptor()(t.Context(), "/x.Y/Z", nil, nil, nil, invoker)
		if !called || err != breaker.ErrOpen { //nolint:errorlint // the very error
			t.Errorf("%s: error = %v; called: %v", name, err, called)
		}
	}
}
