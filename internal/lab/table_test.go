package lab_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/internal/lab"
)

var (
	worldFlag = flag.String("world", "", "names of worlds, or beginnings of names, with commas between; all prints every one")
	ratesFlag = flag.String("rates", "", "calls a second, with commas between (default: those of the world)")
	seedsFlag = flag.Int("seeds", 20, "how many runs")
	slowFlag  = flag.Duration("slow-after", 0, "SlowAfter of the breaker")
)

// TestTable prints what the breaker, as it is in this tree, does in some worlds:
//
//	go test ./internal/lab -run TestTable -v -world outage,fails-40 -rates 20,400 -seeds 50
func TestTable(t *testing.T) { //nolint:paralleltest // it measures its own time
	if *worldFlag == "" {
		t.Skip("no -world")
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer out.Flush()
	fmt.Fprintln(out, "world\trate\tkept %\tworst\tin fault %\tworst\tspared/lost\tvain %\tslow\tworst\tnone's\tsent in outage %\tworst\tback s\tworst\tsettled %\tworst\ttransitions\tworst\ttook\t")
	for _, w := range lab.Worlds() {
		if !named(w.Name) {
			continue
		}
		for _, rate := range ratesOf(t, w) {
			printRow(t, out, &w, rate)
		}
	}
}

func named(name string) bool {
	for want := range strings.SplitSeq(*worldFlag, ",") {
		if want == "all" || strings.HasPrefix(name, want) {
			return true
		}
	}
	return false
}

func ratesOf(t *testing.T, w lab.World) []int {
	t.Helper()
	if *ratesFlag == "" {
		return w.Rates
	}
	var all []int
	for s := range strings.SplitSeq(*ratesFlag, ",") {
		rate, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rate)
	}
	return all
}

func printRow(t *testing.T, out *tabwriter.Writer, w *lab.World, rate int) {
	t.Helper()
	began := time.Now()
	s, err := lab.Take(w, breakerOf(breaker.Config{SlowAfter: *slowFlag}), rate, *seedsFlag)
	if err != nil {
		t.Fatal(err)
	}
	kept := s.Lowest(func(r *lab.Result) float64 { return r.Kept() })
	inFault := s.Lowest(func(r *lab.Result) float64 { return r.Fault.Kept() })
	slow := s.Highest(func(r *lab.Result) float64 { return float64(r.Slow) })
	none := s.Highest(func(r *lab.Result) float64 { return float64(r.SlowPossible) })
	sent := s.Highest((*lab.Result).OutageShare)
	back := s.Highest(func(r *lab.Result) float64 { return lab.Seconds(r.Back) })
	settled := s.Lowest((*lab.Result).SettledShare)
	moves := s.Highest(func(r *lab.Result) float64 { return float64(r.Transitions) })
	fmt.Fprintf(out, "%s\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%s\t%.2f\t%.0f\t%.0f\t%.0f\t%.2f\t%.2f\t%s\t%s\t%.1f\t%.1f\t%.0f\t%.0f\t%v\t\n",
		w.Name, rate, kept.Median, kept.Worst, inFault.Median, inFault.Worst, orNone(s.SparedPerLost()), s.Highest(func(r *lab.Result) float64 { return r.Vain() }).Median, slow.Median, slow.Worst, none.Median,
		sent.Median, sent.Worst, orNone(back.Median), orNone(back.Worst), settled.Median, settled.Worst, moves.Median, moves.Worst, time.Since(began).Round(time.Millisecond))
}

// orNone prints a figure that may stand for something that never came.
func orNone(x float64) string {
	if x >= 1e6 {
		return "-"
	}
	return fmt.Sprintf("%.2f", x)
}
