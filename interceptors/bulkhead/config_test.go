package bulkhead_test

import (
	"math"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
)

func configTests() []configTest {
	return []configTest{
		{name: "least", cfg: bulkhead.Config{MaxConcurrent: 1}},
		{name: "most", cfg: bulkhead.Config{MaxConcurrent: 1_000_000, MaxQueue: 1_000_000, MaxWait: time.Hour}},
		{name: "shortest wait", cfg: bulkhead.Config{MaxConcurrent: 1, MaxQueue: 1, MaxWait: 1}},
		{
			name: "zero", cfg: bulkhead.Config{},
			want: "bulkhead: max_concurrent = 0; must be in [1, 1000000]",
		},
		{
			name: "all negative", cfg: bulkhead.Config{MaxConcurrent: -1, MaxQueue: -2, MaxWait: -time.Second},
			want: "bulkhead: max_concurrent = -1; must be in [1, 1000000]\n" +
				"bulkhead: max_queue = -2; must be in [0, 1000000]\n" +
				"bulkhead: max_wait = -1s; must be in [0s, 1h]",
		},
		{
			name: "all beyond", cfg: bulkhead.Config{
				MaxConcurrent: 1_000_001, MaxQueue: 1_000_001, MaxWait: time.Hour + 1,
			},
			want: "bulkhead: max_concurrent = 1000001; must be in [1, 1000000]\n" +
				"bulkhead: max_queue = 1000001; must be in [0, 1000000]\n" +
				"bulkhead: max_wait = 1h0m0.000000001s; must be in (0s, 1h]",
		},
		{
			name: "queue without wait", cfg: bulkhead.Config{MaxConcurrent: 1, MaxQueue: 1},
			want: "bulkhead: max_wait = 0s; must be in (0s, 1h]",
		},
		{
			name: "wait without queue", cfg: bulkhead.Config{MaxConcurrent: 1, MaxWait: time.Second},
			want: "bulkhead: max_wait = 1s; must be 0s without max_queue",
		},
	}
}

type configTest struct {
	name string
	cfg  bulkhead.Config
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

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range configTests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := bulkhead.New(tt.cfg)
			tt.check(t, err)
		})
	}
}

func TestUpdateFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range configTests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := bulkhead.Config{MaxConcurrent: 7}
			b := newBulkhead(t, before)
			err := b.Update(tt.cfg)
			tt.check(t, err)
			want := before
			if err == nil {
				want = tt.cfg
			}
			if s := b.Snapshot(); s.MaxConcurrent != want.MaxConcurrent || s.MaxQueue != want.MaxQueue {
				t.Errorf("Snapshot() = %+v; want the limits of %+v", s, want)
			}
		})
	}
}

// Sizes that wrap around when places and seats are added up must not make a
// small bulkhead of a huge one (bug 20: overflow of the size).
func TestHugeSizesDoNotWrap(t *testing.T) {
	t.Parallel()
	for _, n := range []int{math.MaxInt, math.MaxInt32, math.MinInt} {
		for _, cfg := range []bulkhead.Config{{MaxConcurrent: n}, queued(1, n), queued(n, 1)} {
			if _, err := bulkhead.New(cfg); err == nil {
				t.Errorf("New(%+v) = nil; want a fault", cfg)
			}
		}
	}
	b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1_000_000, MaxQueue: 1_000_000, MaxWait: time.Hour})
	const many = 100_000
	for range many {
		take(t, b)
	}
	wantCounts(t, b, many, 0)
}

func TestNilOptionIsAFault(t *testing.T) {
	t.Parallel()
	_, err := bulkhead.New(bulkhead.Config{}, bulkhead.WithName("payments"), nil)
	want := "bulkhead: max_concurrent = 0; must be in [1, 1000000]\n" +
		"bulkhead: option 1 = nil; must be an option of the package"
	if err == nil || err.Error() != want {
		t.Errorf("err = %v; want %s", err, want)
	}
}
