package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// print prints the policies of each method.
func (c *check) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "METHOD\tKIND\tRULE\tFROM\tTIMEOUT\tBREAKER\tBULKHEAD\tRATE LIMIT\tOTHER")
	for _, m := range c.methods {
		rules := c.of(m)
		if len(rules) == 0 {
			fmt.Fprintf(table, "%s\t%v\t-\t-\t-\t-\t-\t-\t-\n", m.name, m.kind)
		}
		for _, r := range rules {
			cells := cellsOf(r, c.side, m.kind)
			match := r.Match
			if r.Shadow {
				match += " (shadow)"
			}
			fmt.Fprintf(table, "%s\t%v\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.name, m.kind, match, r.Place,
				or(cells.timeout), or(cells.breaker), or(cells.bulkhead), or(cells.rateLimit), or(strings.Join(cells.other, ", ")))
		}
	}
	return table.Flush()
}

func or(cell string) string { return cmp.Or(cell, "-") }

// cells are the policies of a rule in words.
type cells struct {
	timeout, breaker, bulkhead, rateLimit string
	other                                 []string
}

func cellsOf(r config.RuleInForce, side policy.Side, kind policy.Shape) cells {
	var c cells
	for _, t := range templates(r, side) {
		switch cfg := t.Config.(type) {
		case timeout.Config:
			c.timeout = timeoutCell(cfg, kind)
		case breaker.Config:
			c.breaker = breakerCell(cfg) + shared(t) + watching(cfg.Mode == breaker.Shadow)
		case bulkhead.Config:
			c.bulkhead = bulkheadCell(cfg) + shared(t) + watching(cfg.Shadow)
		case ratelimit.Config:
			c.rateLimit = fmt.Sprintf("%v/s, %d at once%s", cfg.PerSecond, cfg.Burst, waiting(cfg.MaxWait)) + shared(t) + watching(cfg.Shadow)
		case fault.Config:
			c.other = append(c.other, "faults")
		default:
			c.other = append(c.other, cmp.Or(t.Kind, "unnamed"))
		}
	}
	return c
}

func timeoutCell(cfg timeout.Config, kind policy.Shape) string {
	var parts []string
	add := func(d time.Duration, what string) {
		if d > 0 {
			parts = append(parts, fmt.Sprint(what, d))
		}
	}
	if !kind.Streams() {
		add(cfg.Default, "default ")
		add(cfg.Max, "at most ")
		return strings.Join(parts, ", ")
	}
	add(cfg.FirstMessage, "first message ")
	add(cfg.Idle, "idle ")
	add(cfg.Total, "total ")
	return strings.Join(parts, ", ")
}

func breakerCell(cfg breaker.Config) string {
	if cfg.Mode == breaker.AlwaysOpen || cfg.Mode == breaker.AlwaysClosed {
		return strings.ReplaceAll(cfg.Mode.String(), "_", " ")
	}
	var opens []string
	if cfg.FailureRatio != breaker.Off {
		opens = append(opens, fmt.Sprintf("%v %% of %d", cfg.FailureRatio*100, cfg.MinCalls))
	}
	if cfg.ConsecutiveFailures != breaker.Off {
		opens = append(opens, fmt.Sprintf("%d in a row", cfg.ConsecutiveFailures))
	}
	if cfg.SlowAfter > 0 {
		opens = append(opens, fmt.Sprintf("slow after %v", cfg.SlowAfter))
	}
	return fmt.Sprintf("%s: %v", strings.Join(opens, ", "), cfg.OpenFor)
}

func bulkheadCell(cfg bulkhead.Config) string {
	if cfg.MaxQueue == 0 {
		return strconv.Itoa(cfg.MaxConcurrent)
	}
	return fmt.Sprintf("%d, and %d wait%s", cfg.MaxConcurrent, cfg.MaxQueue, waiting(cfg.MaxWait))
}

func waiting(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(" for %v", d)
}

// shared says who shares a policy, if not the calls of one method alone.
func shared(t rules.Template) string {
	switch {
	case t.Compartment != "":
		return " in " + t.Compartment
	case t.Scope == rules.PerMethod:
		return ""
	default:
		return " " + strings.ReplaceAll(t.Scope.String(), "_", " ")
	}
}

// watching says of a policy that it refuses nothing, though its rule is in force.
func watching(shadow bool) string {
	if shadow {
		return " (shadow)"
	}
	return ""
}
