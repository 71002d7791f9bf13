package load_test

import (
	"errors"
	"testing"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/load"
)

func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100-i) * time.Millisecond // in no order to rely on
	}
	for _, c := range []struct {
		name string
		of   []time.Duration
		p    float64
		want time.Duration
	}{
		{"none", nil, 0.5, 0},
		{"one", []time.Duration{7}, 0.99, 7},
		{"two, median", []time.Duration{9, 7}, 0.5, 7},
		{"hundred, median", hundred, 0.5, 50 * time.Millisecond},
		{"hundred, p99", hundred, 0.99, 99 * time.Millisecond},
		{"hundred, all", hundred, 1, 100 * time.Millisecond},
		{"hundred, least", hundred, 0.001, time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := load.Percentile(c.of, c.p); got != c.want {
				t.Errorf("Percentile(%v) = %v; want %v", c.p, got, c.want)
			}
		})
	}
	if hundred[0] != 100*time.Millisecond {
		t.Error("the latencies were reordered")
	}
}

func TestOnlyAnswersHaveALatency(t *testing.T) {
	t.Parallel()
	got := load.Latencies([]load.Result[int]{{Latency: 1}, {Latency: 2, Err: errors.New("failed")}, {Latency: 3}})
	if len(got) != 2 || got[0] != 1 || got[1] != 3 {
		t.Errorf("latencies = %v; want 1 and 3", got)
	}
}
