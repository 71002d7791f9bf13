package fanout_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

func TestReserveIsKept(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg  fanout.Config
		has  time.Duration // 0: no deadline
		want time.Duration
	}{
		"a tenth":                 {fanout.Config{}, time.Second / 2, 450 * time.Millisecond},
		"at least 5ms":            {fanout.Config{}, 40 * time.Millisecond, 35 * time.Millisecond},
		"at most 100ms":           {fanout.Config{}, 5 * time.Second, 4900 * time.Millisecond},
		"at most half":            {fanout.Config{}, 6 * time.Millisecond, 3 * time.Millisecond},
		"without a deadline":      {fanout.Config{}, 0, 9900 * time.Millisecond},
		"the plan's is earlier":   {fanout.Config{MaxDuration: time.Second}, time.Minute, 900 * time.Millisecond},
		"as configured":           {fanout.Config{Reserve: 300 * time.Millisecond}, time.Second, 700 * time.Millisecond},
		"as configured, but half": {fanout.Config{Reserve: time.Minute}, time.Second, 500 * time.Millisecond},
		"hardly any":              {fanout.Config{}, 2 * time.Nanosecond, time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.has > 0 {
					ctx = within(t, tt.has)
				}
				tt.cfg.Name = "GetProfile"
				begin := time.Now()
				p := planWith(t, tt.cfg, fanout.Optional("name", gives("Ada"), setName), fanout.Optional("avatar", deaf, setAvatar))
				_, _ = p.Gather(ctx, nil, &testv1.GetProfileResponse{})
				if took := time.Since(begin); took != tt.want {
					t.Errorf("took %v; want %v", took, tt.want)
				}
				time.Sleep(time.Hour)
			})
		})
	}
}

func TestSourceTimeoutFallsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := plan(
			t,
			fanout.Optional("name", deaf, setName).Timeout(200*time.Millisecond).
				Else(fallback.To("cache", after(100*time.Millisecond, "Ada?"))),
			fanout.Optional("avatar", deaf, setAvatar).Timeout(100*time.Millisecond),
		)
		resp := &testv1.GetProfileResponse{}
		begin := time.Now()
		r, err := p.Gather(within(t, time.Second), nil, resp)
		if err != nil || resp.GetName() != "Ada?" || time.Since(begin) != 300*time.Millisecond {
			t.Fatalf("response = %v, %v after %v", resp, err, time.Since(begin))
		}
		marked(t, r, "avatar missing timeout", "name substituted timeout")
		time.Sleep(time.Hour)
		if resp.GetName() != "Ada?" || resp.GetAvatar() != "" {
			t.Errorf("written after Gather returned: %v", resp)
		}
	})
}

func TestDefaultIsUsedAtTheEndOfTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := plan(t, fanout.Optional("name", deaf, setName).Else(fallback.Default(func(request) string { return "nobody" })))
		resp := &testv1.GetProfileResponse{}
		begin := time.Now()
		r, err := p.Gather(within(t, time.Second), nil, resp)
		if err != nil || resp.GetName() != "nobody" || time.Since(begin) > 900*time.Millisecond {
			t.Fatalf("response = %v, %v after %v", resp, err, time.Since(begin))
		}
		marked(t, r, "name defaulted timeout")
		time.Sleep(time.Hour)
	})
}

// At a thousand calls a second for a minute, a source that never returns is left
// behind exactly as often as MaxRunning allows, and not asked again.
func TestSourcesLeftBehindAreBounded(t *testing.T) { //nolint:paralleltest // it counts goroutines
	const bound = 50
	type getter = func(context.Context, request) (string, error)
	for name, tt := range map[string]struct { //nolint:paralleltest // it counts goroutines
		calls int
		of    func(hung getter) source
	}{
		"a field": {60_000, func(hung getter) source { return fanout.Optional("avatar", hung, setAvatar).MaxRunning(bound) }},
		"a field with a fallback": {10_000, func(hung getter) source {
			return fanout.Optional("avatar", hung, setAvatar).MaxRunning(bound).Timeout(5 * time.Millisecond).Else(fallback.To("none", gives("a.png")))
		}},
		"elements": {10_000, func(hung getter) source {
			return each(3, func(ctx context.Context, req request, _ int) (string, error) { return hung(ctx, req) }).MaxRunning(bound)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never := make(chan struct{})
				var asked atomic.Int64
				p := plan(t, fanout.Optional("name", gives("Ada"), setName), tt.of(func(context.Context, request) (string, error) {
					asked.Add(1)
					<-never
					return "", nil
				}))
				before, most := runtime.NumGoroutine(), 0
				for range tt.calls {
					go func() {
						ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
						defer cancel()
						if _, err := p.Gather(ctx, nil, &testv1.GetProfileResponse{}); err != nil {
							t.Error(err)
						}
					}()
					time.Sleep(time.Millisecond)
					most = max(most, runtime.NumGoroutine()-before)
				}
				// In flight are 20 calls at most, of five goroutines at most.
				if most > bound+100 || asked.Load() != bound {
					t.Errorf("%d goroutines, asked %d times; want at most %d left behind and those in flight", most, asked.Load(), bound)
				}
				close(never)
			})
		})
	}
}
