package fanout_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/afloat-go/afloat/interceptors/fanout"
)

// instant makes a plan of n sources that answer at once, for a response that is
// no message.
func instant(tb testing.TB, n int) *fanout.Plan[int, []string] {
	tb.Helper()
	sources := make([]fanout.Source[int, []string], n)
	for i := range sources {
		sources[i] = fanout.Optional("f"+strconv.Itoa(i),
			func(context.Context, int) (string, error) { return "value", nil },
			func(values []string, v string) { values[i] = v })
	}
	p, err := fanout.NewPlan("bench", sources...)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func BenchmarkGather(b *testing.B) {
	for _, n := range []int{3, 10, 100} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			p, values := instant(b, n), make([]string, n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Gather(b.Context(), 1, values); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
