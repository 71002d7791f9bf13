package capacity

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestExplore(t *testing.T) {
	if os.Getenv("EXPLORE") == "" {
		t.Skip()
	}
	shapes := append(Shapes(), Calm(60*time.Second)...)
	for _, s := range Services() {
		for _, sh := range shapes {
			if f := os.Getenv("SHAPE"); f != "" && f != sh.Name {
				continue
			}
			if f := os.Getenv("SERVICE"); f != "" && f != s.Name {
				continue
			}
			g := Controlled
			if os.Getenv("NOTHING") != "" {
				g = Nothing
			}
			at := time.Now()
			r, err := Run(s, sh, g, 1)
			if err != nil {
				t.Fatal(err)
			}
			if os.Getenv("V") != "" {
				fmt.Println(r)
			}
			n := len(r.Seconds)
			w, all := r.Sum(n-8, n-1), r.Sum(0, n)
			fmt.Printf("%-24s %-20s good/cap last7 %.3f all: came %d good %d refused %d late %d crit %.4f (last %.4f) p99 %v  %v [%v]\n", s.Name, sh.Name,
				float64(w.Good)/7/float64(s.PerSecond), all.Came, all.Good, all.Refused, all.Late, float64(all.CriticalGood)/float64(all.CriticalCame), float64(w.CriticalGood)/float64(w.CriticalCame), w.Quantile(.99), r.Refused, time.Since(at).Round(time.Millisecond))
		}
	}
}
