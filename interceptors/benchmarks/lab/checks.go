package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// check is a promise set against what was measured.
type check struct {
	promise  *promise
	limit    *limit
	world    string
	rate     int
	measured float64
}

// kept reports whether the promise is.
func (c *check) kept() bool {
	if c.limit.atLeast {
		return c.measured >= c.limit.bound
	}
	return c.measured <= c.limit.bound
}

// place returns where the promise is checked.
func (c *check) place() miss { return miss{c.world, c.rate, c.limit.figure} }

// wanted returns the bound in words.
func (c *check) wanted() string {
	if c.limit.atLeast {
		return "≥ " + number(c.limit.bound)
	}
	return "≤ " + number(c.limit.bound)
}

// checks sets all promises against a book, those of worlds and rates that it has.
func checks(b book) []check {
	var all []check
	promised := promises()
	for i := range promised {
		p := &promised[i]
		for _, name := range p.worlds {
			w := worldOf(name)
			rates := w.Rates
			if p.rates != nil {
				rates = slices.DeleteFunc(slices.Clone(p.rates), func(r int) bool { return !slices.Contains(w.Rates, r) })
			}
			for _, rate := range rates {
				if b.of(name, nameAfloat, rate) == nil {
					continue
				}
				for k := range p.limits {
					l := &p.limits[k]
					all = append(all, check{p, l, name, rate, rounded(l.of(b, &w, rate))})
				}
			}
		}
	}
	return all
}

// rounded returns what a figure is told and judged as.
func rounded(x float64) float64 { return math.Round(x*100) / 100 }

// number prints a figure.
func number(x float64) string {
	switch {
	case x >= 1e6:
		return "never"
	case x == math.Trunc(x):
		return fmt.Sprintf("%.0f", x)
	default:
		return strings.TrimSuffix(fmt.Sprintf("%.2f", x), "0")
	}
}

// printChecks prints the promises that are missed, or all, and returns how many are missed.
func printChecks(out io.Writer, all []check, missedOnly bool) (missed int) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "promise\tworld\trate\tfigure\twanted\tmeasured\t")
	for i := range all {
		c := &all[i]
		verdict := "kept"
		if !c.kept() {
			verdict = "MISSED"
			missed++
		} else if missedOnly {
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", c.promise.what, c.world, c.rate, c.limit.figure, c.wanted(), number(c.measured), verdict)
	}
	_ = table.Flush()
	fmt.Fprintf(out, "\n%d promises, %d missed\n", len(all), missed)
	return missed
}

// margin returns how much is left until the promise is missed, as a part of the bound.
func (c *check) margin() float64 {
	scale := max(math.Abs(c.limit.bound), 1)
	if c.limit.atLeast {
		return (c.measured - c.limit.bound) / scale
	}
	return (c.limit.bound - c.measured) / scale
}
