package step_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/step"
)

var errDown = status.Error(codes.Unavailable, "down")

func TestStringOfAnID(t *testing.T) {
	t.Parallel()
	for want, id := range map[string]step.ID{
		"GetDashboard products":                  {Plan: "GetDashboard", Chain: "products", Name: "products"},
		"GetDashboard products: recently viewed": {Plan: "GetDashboard", Chain: "products", Name: "recently viewed", Fallback: true},
		"profile: cache":                         {Chain: "profile", Name: "cache", Fallback: true},
		"profile":                                {Chain: "profile", Name: "profile"},
	} {
		if got := id.String(); got != want {
			t.Errorf("%+v is %q; want %q", id, got, want)
		}
	}
}

func TestErrorHasTheStatusOfTheFirstStep(t *testing.T) {
	t.Parallel()
	other := errors.New("gone")
	for want, first := range map[codes.Code]error{codes.Unavailable: errDown, codes.DeadlineExceeded: context.DeadlineExceeded} {
		err := &step.Error{Chain: "profile", Failures: []step.Failure{{Step: "service", Err: first}, {Step: "cache", Err: other}}}
		if status.Code(err) != want || !errors.Is(err, first) || !errors.Is(err, other) {
			t.Errorf("error = %v of code %v; want %v", err, status.Code(err), want)
		}
		if got := err.Error(); got != fmt.Sprintf(`fallback "profile": service: %v; cache: gone`, first) {
			t.Errorf("error = %s", got)
		}
	}
}

func TestFallbacksAreLoggedAtInfo(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	plain := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	o := step.LogTo(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: plain})))
	c, err := fallback.NewWith(
		fallback.Config{Name: "profile", Observer: o},
		fallback.To("service", func(context.Context, int) (string, error) { return "", errDown }),
		fallback.To("cache", func(context.Context, int) (string, error) { return "cached", nil }),
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	o.FellBack(t.Context(), step.FellBack{
		Plan: "GetPage", Chain: "banner", Step: "cache", State: degrade.Stale, Age: time.Minute, Cause: errDown,
	})
	const want = "level=INFO msg=\"fallback answered\" chain=profile step=cache state=substituted reason=unavailable age=0s\n" +
		"level=INFO msg=\"fallback answered\" plan=GetPage chain=banner step=cache state=stale reason=unavailable age=1m0s\n"
	if out.String() != want {
		t.Errorf("log:\n%swant:\n%s", out.String(), want)
	}
}

// failures prints how steps fail.
type failures struct{ step.NopObserver }

func (failures) StepEnded(_ context.Context, id step.ID, e step.Ended) {
	if e.Err != nil && !e.Answer {
		fmt.Printf("%v: %v\n", id, e.Err)
	}
}

// An observer implements what it wants to hear of.
func ExampleObserver() {
	miss := func(context.Context, int) (string, error) { return "", errors.New("miss") }
	profile, err := fallback.NewWith(
		fallback.Config{Name: "profile", Observer: failures{}},
		fallback.To("cache", miss),
		fallback.To("database", func(context.Context, int) (string, error) { return "Ada", nil }),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := profile.Do(context.Background(), 7)
	fmt.Println(answer.Value, err)
	// Output:
	// profile: cache: miss
	// Ada <nil>
}
