package fanout_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// recorder notes what it hears.
type recorder struct {
	mu    sync.Mutex
	heard []string
}

type stepKey struct{}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, fmt.Sprintf(format, args...))
}

func (r *recorder) StepStarted(ctx context.Context, s fanout.Step) context.Context {
	r.note("%s/%s/%s started, fallback: %v", s.Plan, s.Source, s.Name, s.Fallback)
	return context.WithValue(ctx, stepKey{}, s.Name)
}

func (r *recorder) StepEnded(ctx context.Context, s fanout.Step, err error, late bool) {
	r.note("%s ended: %v, late: %v, in %v", s.Name, err, late, ctx.Value(stepKey{}))
}

func (r *recorder) Gathered(_ context.Context, plan string, rep degrade.Report, err error) {
	r.note("%s gathered: %q, %v", plan, says(rep), err)
}

func (r *recorder) is(tb testing.TB, want ...string) {
	tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.heard, want) {
		tb.Errorf("heard:\n%s\nwant:\n%s", strings.Join(r.heard, "\n"), strings.Join(want, "\n"))
	}
}

func TestObserverHearsEverythingOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var o recorder
		p := planWith(
			t, fanout.Config{Name: "GetProfile", Observer: &o},
			fanout.Optional("name", func(context.Context, request) (string, error) {
				time.Sleep(time.Millisecond)
				return "", errDown
			}, setName).Fallback("cache", after(time.Millisecond, "Ada?")),
			fanout.Optional("avatar", func(ctx context.Context, req request) (string, error) {
				time.Sleep(10 * time.Millisecond)
				return deaf(ctx, req)
			}, setAvatar),
		)
		if _, err := p.Gather(within(t, time.Second), nil, &testv1.GetProfileResponse{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		slices.Sort(o.heard[:2]) // the sources start at once
		o.is(
			t,
			"GetProfile/avatar/avatar started, fallback: false",
			"GetProfile/name/name started, fallback: false",
			"name ended: rpc error: code = Unavailable desc = down, late: false, in name",
			"GetProfile/name/cache started, fallback: true",
			"cache ended: <nil>, late: false, in cache",
			"avatar ended: context deadline exceeded, late: false, in avatar",
			`GetProfile gathered: ["avatar missing timeout" "name substituted unavailable"], <nil>`,
			"avatar ended: <nil>, late: true, in avatar",
		)
	})
}

// hostile panics at everything.
type hostile struct{}

func (hostile) StepStarted(context.Context, fanout.Step) context.Context { panic("started") }
func (hostile) StepEnded(context.Context, fanout.Step, error, bool)      { panic("ended") }
func (hostile) Gathered(context.Context, string, degrade.Report, error)  { panic("gathered") }

func TestObserverThatPanicsHarmsNothing(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]fanout.Observer{"hostile": hostile{}, "nop": fanout.NopObserver{}} {
		resp := &testv1.GetProfileResponse{}
		p := planWith(t, fanout.Config{Name: "GetProfile", Observer: o}, fanout.Optional("name", gives("Ada"), setName))
		if _, err := p.Gather(t.Context(), nil, resp); err != nil || resp.GetName() != "Ada" {
			t.Errorf("%s: response = %v, %v", name, resp, err)
		}
	}
}
