package ratelimit_test

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
)

type configTest struct {
	name string
	cfg  ratelimit.Config
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
	const perSecond, burst = "; must be in [0.000001, 1000000000]", "; must be in [1, 1000000000]"
	return []configTest{
		{name: "least", cfg: ratelimit.Config{PerSecond: 0.000001, Burst: 1}},
		{name: "most", cfg: ratelimit.Config{PerSecond: 1e9, Burst: 1e9, MaxWait: time.Hour}},
		{name: "default burst", cfg: ratelimit.Config{PerSecond: 1e9}},
		{name: "zero", want: "ratelimit: per_second = 0" + perSecond},
		{
			name: "all negative", cfg: ratelimit.Config{PerSecond: -1, Burst: -2, MaxWait: -3},
			want: "ratelimit: per_second = -1" + perSecond + "\nratelimit: burst = -2" + burst +
				"\nratelimit: max_wait = -3ns; must be in [0s, 1h0m0s]",
		},
		{
			name: "all beyond", cfg: ratelimit.Config{PerSecond: 1e9 + 1, Burst: 1e9 + 1, MaxWait: time.Hour + 1},
			want: "ratelimit: per_second = 1.000000001e+09" + perSecond + "\nratelimit: burst = 1000000001" + burst +
				"\nratelimit: max_wait = 1h0m0.000000001s; must be in [0s, 1h0m0s]",
		},
		{name: "no number", cfg: ratelimit.Config{PerSecond: math.NaN()}, want: "ratelimit: per_second = NaN" + perSecond},
		{name: "infinite", cfg: ratelimit.Config{PerSecond: math.Inf(1)}, want: "ratelimit: per_second = +Inf" + perSecond},
		{name: "tiny", cfg: ratelimit.Config{PerSecond: 5e-324}, want: "ratelimit: per_second = 5e-324" + perSecond},
		{
			name: "extremes", cfg: ratelimit.Config{PerSecond: math.Inf(-1), Burst: math.MinInt, MaxWait: math.MaxInt64},
			want: "ratelimit: per_second = -Inf" + perSecond + "\nratelimit: burst = " + strconv.Itoa(math.MinInt) + burst +
				"\nratelimit: max_wait = 2562047h47m16.854775807s; must be in [0s, 1h0m0s]",
		},
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range configTests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, err := ratelimit.New(tt.cfg)
			tt.check(t, err)
			if err != nil && l != nil {
				t.Errorf("New = %v; want none with an error", l)
			}
			made, err := ratelimit.Each(tt.cfg).New(rules.Key{})
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
			l := newLimiter(t, ratelimit.Config{PerSecond: 3, Burst: 7, MaxWait: time.Second})
			before := l.Snapshot()
			err := l.Update(tt.cfg)
			tt.check(t, err)
			if after := l.Snapshot(); err != nil && after != before {
				t.Errorf("%+v; want still %+v", after, before)
			}
		})
	}
}

func TestDefaultBurst(t *testing.T) {
	t.Parallel()
	for perSecond, want := range map[float64]int{
		0.000001: 1, 0.5: 1, 1: 1, 1.000001: 2, 99.5: 100, 100: 100, 1e9: 1e9,
	} {
		if got := newLimiter(t, ratelimit.Config{PerSecond: perSecond}).Snapshot().Burst; got != want {
			t.Errorf("%v per second give a burst of %d; want %d", perSecond, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	cfg := patient()
	for _, tt := range []struct {
		name string
		opts []ratelimit.Option
		want string
	}{
		{"of the key", nil, "the key"},
		{"of its own", []ratelimit.Option{ratelimit.WithName("quota")}, "quota"},
	} {
		made, err := ratelimit.Each(cfg, tt.opts...).New(rules.Key{Name: "the key"})
		if err != nil {
			t.Fatal(err)
		}
		if l, ok := made.(*ratelimit.Limiter); !ok || l.Snapshot().Name != tt.want {
			t.Errorf("%s: made %+v; want one named %s", tt.name, made, tt.want)
		}
	}
	want := ratelimit.Snapshot{PerSecond: 1, Burst: 1, MaxWait: time.Hour, Tokens: 1}
	if got := newLimiter(t, cfg).Snapshot(); got != want {
		t.Errorf("Snapshot() = %+v; want %+v", got, want)
	}
}

func TestLayer(t *testing.T) {
	t.Parallel()
	if got := newLimiter(t, patient()).Layer(); got != policy.LayerRateLimit {
		t.Errorf("Layer() = %v; want %v", got, policy.LayerRateLimit)
	}
}
