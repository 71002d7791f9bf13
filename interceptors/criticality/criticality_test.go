package criticality_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/criticality"
)

func TestClassesAreOrderedAndNamed(t *testing.T) {
	t.Parallel()
	names := []string{"", "low", "medium", "high", "critical"}
	for c := criticality.Unset; c <= criticality.Critical; c++ {
		if c.String() != names[c] {
			t.Errorf("class %d is called %q; want %q", c, c, names[c])
		}
		parsed, ok := criticality.ParseClass(names[c])
		if parsed != c || ok != (c != criticality.Unset) {
			t.Errorf("ParseClass(%q) = %v, %v", names[c], parsed, ok)
		}
	}
	for _, bad := range []string{"LOW", "Critical", "critical ", "default", "unset"} {
		if c, ok := criticality.ParseClass(bad); ok {
			t.Errorf("ParseClass(%q) = %v; want none", bad, c)
		}
	}
	if d := criticality.Unset.OrDefault(); d != criticality.High {
		t.Errorf("default = %v; want high", d)
	}
	if c := criticality.Class(77); c.String() != "unknown" || c.OrDefault() != criticality.Default {
		t.Errorf("class 77 is %q, by default %v", c, c.OrDefault())
	}
}

func TestBelow(t *testing.T) {
	t.Parallel()
	for c, want := range map[criticality.Class]criticality.Class{
		criticality.Unset: criticality.Medium, criticality.Critical: criticality.High,
		criticality.High: criticality.Medium, criticality.Medium: criticality.Low, criticality.Low: criticality.Low,
	} {
		if got := c.Below(); got != want {
			t.Errorf("below %q is %q; want %q", c, got, want)
		}
	}
}

// Every mark is read as it was written, and written in one way.
func TestMarksInTextAndBack(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for c := criticality.Unset; c <= criticality.Critical; c++ {
		for cohort := range criticality.Cohort(criticality.Cohorts + 1) {
			m := criticality.Mark{Class: c, Cohort: cohort}
			got, ok := criticality.Parse(m.String())
			if got != m || ok != m.Says() || seen[m.String()] {
				t.Errorf("%+v is %q, read as %+v, %v", m, m, got, ok)
			}
			seen[m.String()] = true
		}
	}
	for _, bad := range []string{
		"High", "high;", "high;cohort=", "high;cohort=0", "high;cohort=129", "high;cohort=007", "high;cohort=-1",
		"high;cohort=+1", "high;cohort=1;cohort=2", ";cohort=0", " high", "high ", "urgent", "urgent;cohort=1", "high;group=1",
		strings.Repeat("high", 1<<16), "\x00",
	} {
		if m, ok := criticality.Parse(bad); ok || m.Says() {
			t.Errorf("Parse(%.40q) = %+v; want nothing", bad, m)
		}
	}
	if s := (criticality.Mark{Class: 9, Cohort: 200}).String(); s != "" {
		t.Errorf("no mark is %q", s)
	}
}

// Keys are spread over all cohorts, also those that differ in their last digit, and each
// is always in the same.
func TestCohorts(t *testing.T) {
	t.Parallel()
	var sizes [criticality.Cohorts + 1]int
	const keys = 100 * criticality.Cohorts
	for i := range keys {
		key := fmt.Sprintf("user-%d", i)
		c := criticality.CohortOf(key)
		if c < 1 || c > criticality.Cohorts || c != criticality.CohortOf(key) {
			t.Fatalf("cohort of %q = %d", key, c)
		}
		sizes[c]++
	}
	for c, n := range sizes[1:] {
		if n < 50 || n > 160 {
			t.Errorf("cohort %d has %d of %d keys; want about 100", c+1, n, keys)
		}
	}
	if c := criticality.CohortOf(""); c != 0 {
		t.Errorf("cohort of no key = %d; want none", c)
	}
}

func TestWithNeverRaises(t *testing.T) {
	t.Parallel()
	all := []criticality.Class{criticality.Unset, criticality.Low, criticality.Medium, criticality.High, criticality.Critical}
	for _, first := range all {
		for _, second := range all {
			ctx := criticality.With(criticality.With(t.Context(), first), second)
			want := first
			if second != criticality.Unset && (first == criticality.Unset || second < first) {
				want = second
			}
			if got := criticality.Of(ctx).Class; got != want {
				t.Errorf("%q and then %q is %q; want %q", first, second, got, want)
			}
		}
	}
	if ctx := criticality.With(t.Context(), criticality.Class(9)); criticality.Of(ctx).Says() {
		t.Errorf("class 9 is %v", criticality.Of(ctx))
	}
}

func TestWithCohortKeepsTheFirst(t *testing.T) {
	t.Parallel()
	ctx := criticality.WithCohort(criticality.With(t.Context(), criticality.Low), "Ada")
	again := criticality.WithCohort(ctx, "Bob")
	want := criticality.Mark{Class: criticality.Low, Cohort: criticality.CohortOf("Ada")}
	if got := criticality.Of(again); got != want || again != ctx {
		t.Errorf("mark = %+v; want %+v", got, want)
	}
	if criticality.WithCohort(t.Context(), "") != t.Context() {
		t.Error("no key makes a context")
	}
	if got := criticality.Of(criticality.With(ctx, criticality.Critical)); got != want {
		t.Errorf("mark = %+v; want %+v", got, want)
	}
}

func TestFromIncoming(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		md   metadata.MD
		want string
	}{
		"none":               {nil, ""},
		"other keys":         {metadata.Pairs("criticality", "low"), ""},
		"one":                {metadata.Pairs(criticality.Key, "low"), "low"},
		"in capitals":        {metadata.Pairs(strings.ToUpper(criticality.Key), "low;cohort=3"), "low;cohort=3"},
		"the last of two":    {metadata.Pairs(criticality.Key, "low", criticality.Key, "critical"), "critical"},
		"malformed":          {metadata.Pairs(criticality.Key, "utmost"), ""},
		"malformed and last": {metadata.Pairs(criticality.Key, "critical", criticality.Key, "utmost"), ""},
		"no values":          {metadata.MD{criticality.Key: nil}, ""},
	} {
		ctx := t.Context()
		if tt.md != nil {
			ctx = metadata.NewIncomingContext(ctx, tt.md)
		}
		if got := criticality.FromIncoming(ctx).String(); got != tt.want {
			t.Errorf("%s: %q; want %q", name, got, tt.want)
		}
	}
}

func TestToOutgoing(t *testing.T) {
	t.Parallel()
	m := criticality.Mark{Class: criticality.Medium, Cohort: 5}
	ctx := m.ToOutgoing(metadata.AppendToOutgoingContext(t.Context(), "tenant", "7"))
	md, _ := metadata.FromOutgoingContext(ctx)
	if got := md[criticality.Key]; len(got) != 1 || got[0] != "medium;cohort=5" || len(md["tenant"]) != 1 {
		t.Errorf("metadata = %v", md)
	}
	if (criticality.Mark{}).ToOutgoing(t.Context()) != t.Context() {
		t.Error("a mark that says nothing makes a context")
	}
}

// custom is a context of its own type whose calls matter less.
type custom struct{ context.Context }

func (c custom) Value(key any) any {
	if v, ok := criticality.Lowered(c.Context, key); ok {
		return v
	}
	return c.Context.Value(key)
}

func TestLowered(t *testing.T) {
	t.Parallel()
	type other struct{}
	parent := context.WithValue(criticality.WithCohort(criticality.With(t.Context(), criticality.Critical), "Ada"), other{}, 1)
	for ctx, want := range map[context.Context]criticality.Class{
		custom{parent}: criticality.High, custom{custom{parent}}: criticality.Medium, custom{t.Context()}: criticality.Medium,
	} {
		if got := criticality.Of(ctx).Class; got != want {
			t.Errorf("class = %v; want %v", got, want)
		}
	}
	ctx := custom{parent}
	if criticality.Of(ctx).Cohort != criticality.CohortOf("Ada") || ctx.Value(other{}) != 1 {
		t.Errorf("the cohort or another value is lost: %+v", criticality.Of(ctx))
	}
}

func TestAllocs(t *testing.T) { //nolint:paralleltest // it measures allocations
	ctx := context.Context(custom{criticality.With(metadata.NewIncomingContext(t.Context(), metadata.Pairs(criticality.Key, "high;cohort=9")), criticality.Low)})
	m := criticality.Mark{Class: criticality.High, Cohort: 9}
	allocs := testing.AllocsPerRun(100, func() {
		if criticality.Of(ctx).Class != criticality.Low.Below() || criticality.FromIncoming(ctx) != m || m.String() != "high;cohort=9" {
			t.Fail()
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations; want none", allocs)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"high", "low;cohort=128", ";cohort=1", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if m, ok := criticality.Parse(s); ok && m.String() != s || ok != m.Says() {
			t.Errorf("%q is %+v, %v, which is %q", s, m, ok, m)
		}
	})
}
