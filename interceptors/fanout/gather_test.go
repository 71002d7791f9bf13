package fanout_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

func TestAllAnswer(t *testing.T) {
	t.Parallel()
	p := plan(t, fanout.Required("name", gives("Ada"), setName), fanout.Optional("avatar", gives("a.png"), setAvatar))
	resp := &testv1.GetProfileResponse{}
	r, err := p.Gather(t.Context(), nil, resp)
	if err != nil || resp.GetName() != "Ada" || resp.GetAvatar() != "a.png" || !r.Complete() {
		t.Errorf("response = %v, %v; report %v", resp, err, r.Proto())
	}
	if !degrade.FromResponse(resp).Complete() {
		t.Error("the response does not say that it is complete")
	}
}

func TestFailedOptionalSourceIsMissing(t *testing.T) {
	t.Parallel()
	for code, want := range map[codes.Code]string{
		codes.Unavailable:       "avatar missing unavailable",
		codes.DeadlineExceeded:  "avatar missing timeout",
		codes.ResourceExhausted: "avatar missing overloaded",
		codes.Internal:          "avatar missing error",
		codes.PermissionDenied:  "avatar missing error",
		codes.InvalidArgument:   "avatar missing error",
	} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			ctx, scope := degrade.Open(t.Context())
			p := plan(t, fanout.Required("name", gives("Ada"), setName),
				fanout.Optional("avatar", fails(status.Error(code, "no")), setAvatar))
			resp := &testv1.GetProfileResponse{Avatar: "untouched"}
			r, err := p.Gather(degrade.Under(ctx, "profile"), nil, resp)
			if err != nil || resp.GetName() != "Ada" || resp.GetAvatar() != "untouched" {
				t.Fatalf("response = %v, %v", resp, err)
			}
			marked(t, r, want)
			marked(t, degrade.FromResponse(resp), want)
			marked(t, scope.Close(), "profile."+want)
		})
	}
}

func TestSourceInfoIsThereForOperators(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context, request) (string, error) { time.Sleep(time.Second); return "", errDown }
		p := plan(t, fanout.Required("name", gives("Ada"), setName), fanout.Optional("avatar", slow, setAvatar))
		r, err := p.Gather(t.Context(), nil, &testv1.GetProfileResponse{})
		if err != nil {
			t.Fatal(err)
		}
		want := degrade.Source{Name: "avatar", Origin: "GetProfile/avatar", Code: codes.Unavailable, Elapsed: time.Second}
		for m := range r.Markers() {
			if m.Source != want {
				t.Errorf("source = %+v; want %+v", m.Source, want)
			}
		}
	})
}

func TestNotFoundIsAnAnswer(t *testing.T) {
	t.Parallel()
	notFound, denied := status.Error(codes.NotFound, "none"), status.Error(codes.PermissionDenied, "no")
	p := plan(
		t,
		fanout.Optional("name", fails(notFound), setName).Else(fallback.To("never", gives("x"))),
		fanout.Optional("avatar", fails(denied), setAvatar).Answers(codes.PermissionDenied),
	)
	resp := &testv1.GetProfileResponse{}
	r, err := p.Gather(t.Context(), nil, resp)
	if err != nil || resp.GetName() != "" {
		t.Fatalf("response = %v, %v", resp, err)
	}
	marked(t, r)
}

// A cache that has nothing is no answer.
func TestNotFoundOfAFallbackIsNoAnswer(t *testing.T) {
	t.Parallel()
	miss := fails(status.Error(codes.NotFound, "not cached"))
	p := plan(
		t,
		fanout.Optional("name", fails(errDown), setName).Else(fallback.To("cache", miss), fallback.To("archive", gives("Ada"))),
		fanout.Optional("avatar", fails(errDown), setAvatar).Else(fallback.To("cache", miss)),
	)
	resp := &testv1.GetProfileResponse{}
	r, err := p.Gather(t.Context(), nil, resp)
	if err != nil || resp.GetName() != "Ada" {
		t.Fatalf("response = %v, %v", resp, err)
	}
	marked(t, r, "avatar missing unavailable", "name substituted unavailable")
}

func TestFailedRequiredSourceFailsTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cancelled time.Duration
		begin := time.Now()
		slow := func(ctx context.Context, _ request) (string, error) {
			<-ctx.Done()
			cancelled = time.Since(begin)
			return "", ctx.Err()
		}
		gone := status.Error(codes.NotFound, "no such user")
		p := plan(
			t,
			fanout.Required("avatar", slow, setAvatar),
			fanout.Required("name", func(context.Context, request) (string, error) {
				time.Sleep(time.Second)
				return "", gone
			}, setName),
		)
		resp := &testv1.GetProfileResponse{}
		r, err := p.Gather(t.Context(), nil, resp)
		synctest.Wait()
		e, ok := errors.AsType[*fanout.Error](err)
		if !ok || e.Source != "name" || !errors.Is(err, gone) || time.Since(begin) != time.Second || cancelled != time.Second {
			t.Fatalf("error = %v after %v; the other was cancelled after %v", err, time.Since(begin), cancelled)
		}
		if s := status.Convert(err); s.Code() != codes.NotFound || s.Message() != "no such user" {
			t.Errorf("status = %v; want the source's", s)
		}
		marked(t, r, "name missing error")
		marked(t, degrade.FromError(err), "name missing error")
		if resp.GetDegradation() != nil {
			t.Error("the response was written to")
		}
		if want := `fanout "GetProfile": required source "name": ` + gone.Error(); err.Error() != want {
			t.Errorf("error = %q; want %q", err, want)
		}
	})
}

func TestRequiredSourceMayHaveFallbacks(t *testing.T) {
	t.Parallel()
	p := plan(t, fanout.Required("name", fails(errDown), setName).Else(fallback.To("cache", gives("Ada?"))))
	resp := &testv1.GetProfileResponse{}
	r, err := p.Gather(t.Context(), nil, resp)
	if err != nil || resp.GetName() != "Ada?" {
		t.Fatalf("response = %v, %v", resp, err)
	}
	marked(t, r, "name substituted unavailable")
	_, err = plan(t, fanout.Required("name", fails(errDown), setName).Else(fallback.To("cache", fails(context.DeadlineExceeded)))).
		Gather(t.Context(), nil, resp)
	if _, ok := errors.AsType[*step.Error](err); !ok || status.Code(err) != codes.Unavailable {
		t.Errorf("error = %v", err)
	}
	_, err = plan(t, fanout.Required("name", fails(context.DeadlineExceeded), setName)).Gather(t.Context(), nil, resp)
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("code of a plain error = %v", status.Code(err))
	}
}

// The reason is that of the source itself, also where a fallback is still awaited when
// the time is over.
func TestReasonIsTheSourcesOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		resp := &testv1.GetProfileResponse{}
		cached := func(ctx context.Context, e element) (string, error) { return deaf(ctx, e.Req) }
		r, err := plan(
			t,
			fanout.Optional("name", gives("Ada"), setName),
			fanout.Optional("avatar", fails(errDown), setAvatar).Else(fallback.To("cache", deaf)),
			each(2, tag(map[int]error{1: errDown})).Else(fallback.To("cache", cached)),
		).Gather(within(t, time.Second), nil, resp)
		if err != nil || resp.GetName() != "Ada" {
			t.Fatalf("response = %v, %v", resp, err)
		}
		marked(t, r, "avatar missing unavailable", "tags[*] missing unavailable 1[]")
		_, err = plan(t, fanout.Required("avatar", fails(errDown), setAvatar).Else(fallback.To("cache", deaf))).
			Gather(within(t, time.Second), nil, resp)
		if status.Code(err) != codes.Unavailable || !errors.Is(err, errDown) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v; want that of the source, and of its fallback", err)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestTooFewAnswersAreAnError(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		quorum  int
		sources []source
		ok      bool
	}{
		"none of two":   {0, []source{fanout.Optional("name", fails(errDown), setName), fanout.Optional("avatar", fails(errDown), setAvatar)}, false},
		"one of two":    {0, []source{fanout.Optional("name", gives("Ada"), setName), fanout.Optional("avatar", fails(errDown), setAvatar)}, true},
		"one, not two":  {2, []source{fanout.Optional("name", gives("Ada"), setName), fanout.Optional("avatar", fails(errDown), setAvatar)}, false},
		"a fallback is": {2, []source{fanout.Optional("name", gives("Ada"), setName), fanout.Optional("avatar", fails(errDown), setAvatar).Else(fallback.To("b", gives("b")))}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := &testv1.GetProfileResponse{}
			_, err := planWith(t, fanout.Config{Name: "GetProfile", Quorum: tt.quorum}, tt.sources...).Gather(t.Context(), nil, resp)
			if tt.ok != (err == nil) {
				t.Fatalf("error = %v", err)
			}
			if err == nil {
				return
			}
			if !errors.Is(err, fanout.ErrQuorum) || !errors.Is(err, errDown) || status.Code(err) != codes.Unavailable ||
				degrade.FromError(err).State("avatar") != degrade.Missing || !strings.HasPrefix(err.Error(), `fanout "GetProfile": fewer sources`) {
				t.Errorf("error = %v", err)
			}
			if resp.GetName() != "" || resp.GetDegradation() != nil {
				t.Error("the response was written to")
			}
		})
	}
}

func TestErrorBelowTheQuorumNamesTheSources(t *testing.T) {
	t.Parallel()
	_, err := planWith(t, fanout.Config{Name: "GetProfile", Quorum: 2}, fanout.Optional("name", fails(errors.New("no")), setName),
		fanout.Optional("avatar", gives("x"), setAvatar), each(1, tag(map[int]error{0: errors.New("none")}))).Gather(t.Context(), nil, &testv1.GetProfileResponse{})
	const want = `fanout "GetProfile": fewer sources answered than the quorum: 1 of 3 did; must be 2; "name": no; "tags": none`
	if err == nil || err.Error() != want {
		t.Errorf("error = %v; want %s", err, want)
	}
}

// A required source may have a plan of its own: what that failed with is its error.
func TestRequiredSourceBelowAQuorumOfItsOwn(t *testing.T) {
	t.Parallel()
	inner := plan(t, fanout.Optional("name", fails(errDown), setName))
	get := func(ctx context.Context, _ request) (response, error) {
		resp := &testv1.GetProfileResponse{}
		_, err := inner.Gather(ctx, nil, resp)
		return resp, err
	}
	_, err := plan(t, fanout.Required("parent", get, setParent)).Gather(t.Context(), nil, &testv1.GetProfileResponse{})
	if err == nil || !strings.HasPrefix(err.Error(), `fanout "GetProfile": required source "parent": fanout "GetProfile": fewer`) {
		t.Errorf("error = %v; want it to name the source", err)
	}
	_, whole := plan(t, fanout.Required("", get, func(response, response) {})).Gather(t.Context(), nil, &testv1.GetProfileResponse{})
	if whole == nil || !strings.HasPrefix(whole.Error(), `fanout "GetProfile": required source "": fanout "GetProfile": fewer`) {
		t.Errorf("error = %v; want it to name the source of the whole response", whole)
	}
	if !errors.Is(err, fanout.ErrQuorum) || !errors.Is(err, errDown) || status.Code(err) != codes.Unavailable ||
		degrade.FromError(err).State("parent") != degrade.Missing || degrade.FromError(err).State("name") != degrade.Intact {
		t.Errorf("status = %v, %v", status.Convert(err), degrade.FromError(err))
	}
}

// What has made calls and is complete is no reason to stop, and sources are told what
// is wanted.
func TestCompleteOrNothingWaitsForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told [2]bool
		calls := func(ctx context.Context, _ request) (string, error) {
			told[0] = degrade.CompleteRequired(ctx)
			return "Ada", ctx.Err()
		}
		get := func(ctx context.Context, _ request, _ int) (string, error) {
			told[1] = degrade.CompleteRequired(ctx)
			time.Sleep(time.Minute)
			return "tag", ctx.Err()
		}
		resp := &testv1.GetProfileResponse{}
		asking(t, degrade.RequireComplete(), func(ctx context.Context) error {
			_, err := planWith(t, fanout.Config{Name: "GetProfile", MaxDuration: time.Hour},
				fanout.Optional("name", calls, setName), each(1, get)).Gather(ctx, nil, resp)
			return err
		})
		if resp.GetName() != "Ada" || len(resp.GetTags()) != 1 || told != [2]bool{true, true} {
			t.Errorf("response = %v, told %v; want all of it", resp, told)
		}
	})
}

func TestCompleteOrNothingFailsEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := plan(t, fanout.Required("name", after(time.Minute, "Ada"), setName), fanout.Optional("avatar", fails(errDown), setAvatar))
		var got error
		begin := time.Now()
		asking(t, degrade.RequireComplete(), func(ctx context.Context) error {
			_, got = p.Gather(ctx, nil, &testv1.GetProfileResponse{})
			return got
		})
		if _, ok := errors.AsType[*degrade.IncompleteError](got); !ok || time.Since(begin) > time.Millisecond {
			t.Errorf("error = %v after %v", got, time.Since(begin))
		}
	})
}

func TestCallerWhoHasGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		resp := &testv1.GetProfileResponse{}
		_, err := plan(t, fanout.Optional("name", gives("Ada"), setName), fanout.Optional("avatar", deaf, setAvatar)).
			Gather(ctx, nil, resp)
		if !errors.Is(err, context.Canceled) || resp.GetName() != "" {
			t.Errorf("response = %v, %v", resp, err)
		}
		time.Sleep(time.Hour)
	})
}

func TestPanicAndGoexitAreFailures(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func(context.Context, request) (string, error){
		"panic":      func(context.Context, request) (string, error) { panic("oops") },
		"late panic": func(context.Context, request) (string, error) { time.Sleep(time.Minute); panic("oops") },
		"goexit":     func(context.Context, request) (string, error) { runtime.Goexit(); return "", nil },
		"late goexit": func(context.Context, request) (string, error) {
			time.Sleep(time.Minute)
			runtime.Goexit()
			return "", nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				cfg := fanout.Config{Name: "GetProfile", Logger: slog.New(slog.NewTextHandler(&out, nil))}
				p := planWith(t, cfg, fanout.Optional("name", gives("Ada"), setName), fanout.Optional("avatar", bad, setAvatar))
				r, err := p.Gather(within(t, time.Second), nil, &testv1.GetProfileResponse{})
				if err != nil {
					t.Fatal(err)
				}
				late := strings.HasPrefix(name, "late")
				if late {
					marked(t, r, "avatar missing timeout")
				} else {
					marked(t, r, "avatar missing internal")
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				for _, want := range []string{"level=ERROR", "plan=GetProfile source=avatar step=avatar", "panicked", "gather_test.go"} {
					if !strings.Contains(out.String(), want) {
						t.Errorf("the log has no %q:\n%s", want, out.String())
					}
				}
				if strings.Contains(out.String(), "late=true") != late || strings.Count(out.String(), "\n") != 1 {
					t.Errorf("log:\n%s", out.String())
				}
				if late {
					return
				}
				_, err = planWith(t, cfg, fanout.Required("avatar", bad, setAvatar)).Gather(t.Context(), nil, &testv1.GetProfileResponse{})
				if status.Code(err) != codes.Internal || !errors.Is(err, policy.ErrPanicked) || strings.Contains(status.Convert(err).Message(), "oops") {
					t.Errorf("error = %v", err)
				}
			})
		})
	}
}
