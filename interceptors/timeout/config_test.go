package timeout_test

import (
	"math"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

const day = 24 * time.Hour

type configTest struct {
	name string
	cfg  timeout.Config
	// want is the error. Empty: none.
	want string
}

func (tt configTest) check(t *testing.T, err error) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != tt.want {
		t.Errorf("err = %q; want %q", got, tt.want)
	}
}

func configTests() []configTest {
	const ms, allowed = time.Millisecond, "must be in [1ms, 24h0m0s]"
	return []configTest{
		{name: "zero"},
		{name: "least", cfg: timeout.Config{Default: ms, Max: ms, FirstMessage: ms, Idle: ms, Total: ms}},
		{name: "most", cfg: timeout.Config{Default: day, Max: day, FirstMessage: day, Idle: day, Total: day}},
		{name: "without ceiling", cfg: timeout.Config{Default: day, FirstMessage: day, Idle: day}},
		{name: "without default", cfg: timeout.Config{Max: ms, Total: ms}},
		{
			name: "all negative", cfg: timeout.Config{Default: -2, Max: -1, FirstMessage: -3, Idle: -4, Total: math.MinInt64},
			want: "timeout: default = -2ns; " + allowed + "\ntimeout: max = -1ns; " + allowed +
				"\ntimeout: first_message = -3ns; " + allowed + "\ntimeout: idle = -4ns; " + allowed +
				"\ntimeout: total = -2562047h47m16.854775808s; " + allowed,
		},
		{
			name: "all beyond", cfg: timeout.Config{
				Default: day + 1, Max: day + 1, FirstMessage: day + 1, Idle: day + 1, Total: math.MaxInt64,
			},
			want: "timeout: default = 24h0m0.000000001s; " + allowed + "\ntimeout: max = 24h0m0.000000001s; " + allowed +
				"\ntimeout: first_message = 24h0m0.000000001s; " + allowed + "\ntimeout: idle = 24h0m0.000000001s; " + allowed +
				"\ntimeout: total = 2562047h47m16.854775807s; " + allowed,
		},
		{
			name: "too short", cfg: timeout.Config{Default: 1, Max: ms, Idle: ms - 1},
			want: "timeout: default = 1ns; " + allowed + "\ntimeout: idle = 999.999µs; " + allowed,
		},
		{
			name: "default above max", cfg: timeout.Config{Default: 2 * ms, Max: ms},
			want: "timeout: default = 2ms; must be at most max (1ms)",
		},
		{
			name: "one fault is told once", cfg: timeout.Config{Default: time.Second, Max: -time.Second},
			want: "timeout: max = -1s; " + allowed,
		},
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range configTests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := timeout.New(tt.cfg)
			tt.check(t, err)
			if err != nil && p != nil {
				t.Errorf("New = %v; want none with an error", p)
			}
			made, err := timeout.Each(tt.cfg).New(rules.Key{})
			tt.check(t, err)
			if err != nil && made != nil {
				t.Errorf("Each made %v; want none with an error", made)
			}
		})
	}
}

// An update that fails changes nothing.
func TestUpdateFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range configTests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newTimeout(t, timeout.Config{Default: time.Minute})
			err := p.Update(tt.cfg)
			tt.check(t, err)
			if err == nil {
				return
			}
			permit := acquire(t, t.Context(), p, policy.Unary)
			if permit.Context == nil {
				t.Fatal("after a failed update a call has no deadline")
			}
			defer permit.Settler.Settle(permit.Token, &policy.Outcome{})
			if deadline, _ := permit.Context.Deadline(); time.Until(deadline) > time.Minute {
				t.Errorf("after a failed update a call has until %v", deadline)
			}
		})
	}
}

func TestLayerAndIdle(t *testing.T) {
	t.Parallel()
	p := newTimeout(t, timeout.Config{})
	if p.Layer() != policy.LayerTimeout || !p.Idle() {
		t.Errorf("Layer() = %v, Idle() = %v", p.Layer(), p.Idle())
	}
}
