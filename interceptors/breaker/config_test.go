package breaker_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		cfg  breaker.Config
		want []string
	}{
		{"the default", breaker.Config{}, nil},
		{"the preset", breaker.Consecutive(5, 30*time.Second), nil},
		{"a long open time lifts the longest", breaker.Config{OpenFor: time.Hour}, nil},
		{"a short window of calls lowers MinCalls", breaker.Config{WindowCalls: 5}, nil},
		{"ratio above 1", breaker.Config{FailureRatio: 1.5}, []string{"breaker: failure_ratio = 1.5; must be in (0, 1], or Off"}},
		{"ratio NaN", breaker.Config{FailureRatio: math.NaN()}, []string{"breaker: failure_ratio = NaN; must be in (0, 1], or Off"}},
		{"ratio infinite", breaker.Config{FailureRatio: math.Inf(1)}, []string{"breaker: failure_ratio = +Inf; must be in (0, 1], or Off"}},
		{"ratio negative", breaker.Config{FailureRatio: -0.5}, []string{"breaker: failure_ratio = -0.5; must be in (0, 1], or Off"}},
		{"slow ratio", breaker.Config{SlowRatio: -1}, []string{"breaker: slow_ratio = -1; must be in (0, 1]"}},
		{"window short", breaker.Config{Window: time.Millisecond}, []string{"breaker: window = 1ms; must be in [100ms, 1h0m0s]"}},
		{"window absurd", breaker.Config{Window: math.MaxInt64}, []string{"breaker: window = "}},
		{"buckets", breaker.Config{Buckets: 1 << 30}, []string{"breaker: buckets = 1073741824; must be in [1, 100]"}},
		{"calls", breaker.Config{WindowCalls: 1 << 30}, []string{"breaker: window_calls = 1073741824; must be in [0, 10000]"}},
		{"calls negative", breaker.Config{WindowCalls: -1}, []string{"breaker: window_calls = -1; must be in [0, 10000]"}},
		{"more calls needed than kept", breaker.Config{WindowCalls: 10, MinCalls: 11}, []string{"breaker: min_calls = 11; must be at most window_calls (10)"}},
		{"mode", breaker.Config{Mode: 9}, []string{"breaker: mode = Mode(9); must be automatic, always_open, always_closed or shadow"}},
		{"nothing on", breaker.Config{FailureRatio: breaker.Off, ConsecutiveFailures: breaker.Off, SlowAfter: breaker.Off}, []string{"off; must be on, one of them at least"}},
		{"longest below open time", breaker.Config{OpenFor: time.Minute, MaxOpenFor: time.Second}, []string{"breaker: max_open_for = 1s; must be in [1m0s, 24h0m0s]"}},
		{"all at once", breaker.Config{
			MinCalls: -1, ConsecutiveFailures: -2, SlowAfter: -2, OpenFor: -1, MaxOpenFor: math.MinInt64,
			Probes: -1, SuccessesToClose: 1001, ProbeTimeout: 2 * time.Hour, SlowStart: 1, MinDeadline: 1, StreamGrace: -1,
		}, []string{
			"breaker: min_calls = -1; must be in [1, 1000000]",
			"breaker: consecutive_failures = -2; must be in [1, 1000000], or Off",
			"breaker: slow_after = -2ns; must be in [1ms, 1h0m0s], or Off",
			"breaker: open_for = -1ns; must be in [1ms, 24h0m0s]",
			"breaker: max_open_for = ",
			"breaker: probes = -1; must be in [1, 1000]",
			"breaker: successes_to_close = 1001; must be in [1, 1000]",
			"breaker: probe_timeout = 2h0m0s; must be in [1ms, 1h0m0s]",
			"breaker: slow_start = 1ns; must be in [1ms, 1h0m0s], or Off",
			"breaker: min_deadline = 1ns; must be in [1ms, 1h0m0s]",
			"breaker: stream_grace = -1ns; must be in [1ms, 24h0m0s]",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := breaker.New(tt.cfg)
			if tt.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatalf("accepted; want %q", tt.want)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("%d faults; want %d:\n%v", len(lines), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("fault %d = %q; want %q", i, lines[i], want)
				}
			}
		})
	}
}

func TestNilOptions(t *testing.T) {
	t.Parallel()
	if _, err := breaker.New(breaker.Config{}, nil); err == nil {
		t.Error("a nil option was accepted")
	}
	b := newBreaker(t, breaker.Config{}, breaker.WithObserver(nil), breaker.WithClassifier(nil))
	do(t, b, inARow, errDown)
	wantState(t, b, breaker.Open)
}

func TestBadConfigIsFoundWhenRulesAreBuilt(t *testing.T) {
	t.Parallel()
	_, err := rules.New([]rules.Rule{{
		Match:    "*",
		Policies: []rules.Template{breaker.Each(breaker.Config{Probes: -1})},
	}})
	if err == nil || !strings.Contains(err.Error(), `rule "*": breaker: probes = -1`) {
		t.Errorf("error = %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]interface{ String() string }{
		"closed": breaker.Closed, "open": breaker.Open, "half_open": breaker.HalfOpen,
		"forced_open": breaker.ForcedOpen, "disabled": breaker.Disabled, "State(9)": breaker.State(9),
		"automatic": breaker.Automatic, "always_open": breaker.AlwaysOpen,
		"always_closed": breaker.AlwaysClosed, "shadow": breaker.Shadow, "Mode(9)": breaker.Mode(9),
	} {
		if got.String() != want {
			t.Errorf("String() = %q; want %q", got, want)
		}
	}
}
