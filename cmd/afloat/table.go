package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// printTable prints the policies of each method.
func printTable(c *check, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	titles := []string{"METHOD", "SHAPE", "RULE", "FROM"}
	for _, col := range columns() {
		titles = append(titles, col.title)
	}
	line(table, append(titles, "OTHER")...)
	for _, m := range c.methods {
		of := c.of(m)
		if len(of) == 0 {
			line(table, append([]string{m.name, m.shape.String()}, make([]string, len(titles)-1)...)...)
		}
		for _, r := range of {
			match := r.Match
			if r.Shadow {
				match += " (shadow)"
			}
			line(table, append([]string{m.name, m.shape.String(), match, r.Place}, cellsOf(templates(r, c.side), m.shape)...)...)
		}
	}
	return table.Flush()
}

// line prints one line, with a dash where there is nothing.
func line(table io.Writer, cells ...string) {
	for i, cell := range cells {
		cells[i] = cmp.Or(cell, "-")
	}
	fmt.Fprintln(table, strings.Join(cells, "\t"))
}

// column shows the policies of one kind.
type column struct {
	title string
	// cell returns the policy in words, if it is of the kind.
	cell func(rules.Template, policy.Shape) (cell string, ok bool)
}

// columnOf returns the column of the policies with configurations C.
func columnOf[C any](title string, words func(C, policy.Shape) string) column {
	return column{title, func(t rules.Template, shape policy.Shape) (string, bool) {
		cfg, ok := t.Config.(C)
		if !ok {
			return "", false
		}
		return words(cfg, shape) + sharing(t), true
	}}
}

// columns returns the columns of afloat's kinds that are told in words.
func columns() []column {
	return []column{
		columnOf("TIMEOUT", timeoutCell), columnOf("BREAKER", breakerCell),
		columnOf("BULKHEAD", bulkheadCell), columnOf("RATE LIMIT", rateLimitCell),
	}
}

// cellsOf returns the cells of templates in all columns, and that of the others.
func cellsOf(all []rules.Template, shape policy.Shape) []string {
	known := columns()
	cells := make([]string, len(known)+1)
	for _, t := range all {
		i := slices.IndexFunc(known, func(c column) bool {
			_, ok := c.cell(t, shape)
			return ok
		})
		if i >= 0 {
			cells[i], _ = known[i].cell(t, shape)
			continue
		}
		other := cmp.Or(t.Kind, "unnamed")
		if cells[len(known)] != "" {
			other = cells[len(known)] + ", " + other
		}
		cells[len(known)] = other
	}
	return cells
}

// timeoutCell tells how long calls of a shape may take.
func timeoutCell(cfg timeout.Config, shape policy.Shape) string {
	var parts []string
	add := func(d time.Duration, what string) {
		if d > 0 {
			parts = append(parts, fmt.Sprint(what, d))
		}
	}
	if !shape.Streams() {
		add(cfg.Default, "default ")
		add(cfg.Max, "at most ")
		return strings.Join(parts, ", ")
	}
	add(cfg.FirstMessage, "first message ")
	add(cfg.Idle, "idle ")
	add(cfg.Total, "total ")
	return strings.Join(parts, ", ")
}

// breakerCell tells when a breaker opens, and for how long.
func breakerCell(cfg breaker.Config, _ policy.Shape) string {
	if cfg.Mode == breaker.AlwaysOpen || cfg.Mode == breaker.AlwaysClosed {
		return strings.ReplaceAll(cfg.Mode.String(), "_", " ")
	}
	var opens []string
	if cfg.FailureRatio == 0 || cfg.ConsecutiveFailures == 0 {
		opens = append(opens, "by evidence")
	}
	if cfg.FailureRatio > 0 {
		opens = append(opens, fmt.Sprintf("%v %% of %d", cfg.FailureRatio*100, cfg.MinCalls))
	}
	if cfg.ConsecutiveFailures > 0 {
		opens = append(opens, fmt.Sprintf("%d in a row", cfg.ConsecutiveFailures))
	}
	if cfg.SlowAfter > 0 {
		opens = append(opens, fmt.Sprintf("slow after %v", cfg.SlowAfter))
	}
	return fmt.Sprintf("%s: %v", strings.Join(opens, ", "), cfg.OpenFor) + watching(cfg.Mode == breaker.Shadow)
}

// bulkheadCell tells how many calls may be in flight, and how many wait.
func bulkheadCell(cfg bulkhead.Config, _ policy.Shape) string {
	if cfg.MaxQueue == 0 {
		return strconv.Itoa(cfg.MaxConcurrent) + watching(cfg.Shadow)
	}
	return fmt.Sprintf("%d, and %d wait%s", cfg.MaxConcurrent, cfg.MaxQueue, waiting(cfg.MaxWait)) + watching(cfg.Shadow)
}

// rateLimitCell tells how many calls may start.
func rateLimitCell(cfg ratelimit.Config, _ policy.Shape) string {
	return fmt.Sprintf("%v/s, %d at once%s", cfg.PerSecond, cfg.Burst, waiting(cfg.MaxWait)) + watching(cfg.Shadow)
}

// waiting tells how long calls wait.
func waiting(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(" for %v", d)
}

// sharing tells who shares a policy, if it is not as usual: a timeout has no state to
// share, and the others are each for the calls of one method.
func sharing(t rules.Template) string {
	_, stateless := t.Config.(timeout.Config)
	switch {
	case t.Compartment != "":
		return " in " + t.Compartment
	case stateless, t.Scope == rules.PerMethod:
		return ""
	default:
		return " " + strings.ReplaceAll(t.Scope.String(), "_", " ")
	}
}

// watching tells of a policy that it refuses nothing, though its rule is in force.
func watching(shadow bool) string {
	if shadow {
		return " (shadow)"
	}
	return ""
}
