package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// mostConcurrent is the largest cap of any bulkhead that rules files have.
const mostConcurrent = 24

// mostStreams is the most streams that have places of their own in any bulkhead.
const mostStreams = 8

// rulesFile is a rules file that changes while it is in use.
type rulesFile struct {
	*dice

	path string
	// faults says whether calls on the server's side may get faults.
	faults bool
}

// write puts other rules into the file, in a way that a program or a person might.
func (f *rulesFile) write() error { return f.put(f.rules()) }

// spoil puts something into the file that must be refused.
func (f *rulesFile) spoil() error {
	good := f.rules()
	return f.put(pick(f.dice, "", "rules: [", good[:len(good)/2]+"\n  - nonsense: {", "rules:\n  - match: \"*\"\n    braeker: {}\n", string(f.bytes(200))))
}

// put replaces the file or writes over it.
func (f *rulesFile) put(text string) error {
	if f.chance(0.5) {
		return os.WriteFile(f.path, []byte(text), 0o600)
	}
	if err := os.WriteFile(f.path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(f.path+".new", f.path)
}

// rules returns random rules. Each bulkhead has an audit of the same scope behind it.
func (f *rulesFile) rules() string {
	var b strings.Builder
	b.WriteString("compartments:\n  shared:\n    bulkhead: {max_concurrent: 16, max_queue: 8, max_wait: 50ms}\n" +
		"    custom: [{name: audit, config: {most: 16}}]\nrules:\n")
	for _, side := range []string{"client", "server"} {
		for _, match := range []string{"*", service + "/*", service + "/GetProfile", service + "/Chat"} {
			if match == "*" || f.chance(0.7) {
				f.rule(&b, side, match)
			}
		}
	}
	if f.chance(0.5) {
		fmt.Fprintf(&b, "  - match: %s/*\n    shadow: true\n    breaker: {slow_after: 20ms}\n    bulkhead: {max_concurrent: 1}\n", service)
	}
	return b.String()
}

// service is what all methods of the soak belong to.
const service = "/afloat.test.v1.TierService"

// rule writes one rule.
func (f *rulesFile) rule(b *strings.Builder, side, match string) {
	fmt.Fprintf(b, "  - match: %q\n    side: %s\n", match, side)
	fmt.Fprintf(b, "    timeout: {default: 400ms, max: %v, first_message: %v, idle: 400ms, total: 2s}\n",
		f.between(500*time.Millisecond, time.Second).Round(time.Millisecond),
		f.between(200*time.Millisecond, 400*time.Millisecond).Round(time.Millisecond))
	if f.chance(0.9) {
		fmt.Fprintf(b, "    breaker: {min_calls: 20, failure_ratio: %s, consecutive_failures: %d, open_for: 20ms, max_open_for: 100ms, slow_after: 300ms, window: 1s}\n",
			pick(f.dice, "0.5", "0.9", "1"), 10+f.below(50))
	}
	if f.chance(0.8) {
		fmt.Fprintf(b, "    rate_limit: {scope: per_target, per_second: %d, burst: %d, max_wait: 30ms}\n", 500+f.below(3000), 20+f.below(100))
	}
	if f.chance(0.2) {
		b.WriteString("    bulkhead: {compartment: shared}\n    custom: [{name: audit, compartment: shared}]\n")
	} else {
		fmt.Fprintf(b, "    bulkhead: {max_concurrent: %d, max_queue: %d, max_wait: %v%s}\n    custom: [{name: audit, config: {most: %d}}]\n",
			8+f.below(mostConcurrent-7), f.below(10)+1, f.between(5*time.Millisecond, 100*time.Millisecond).Round(time.Millisecond),
			pick(f.dice, "", fmt.Sprintf(", max_streams: %d", 1+f.below(mostStreams))), mostConcurrent+mostStreams)
	}
	if side == "client" || f.faults {
		fmt.Fprintf(b, "    fault: {%s, abort_share: 0.02, delay: 10ms, delay_share: 0.05, max_active: 20}\n",
			pick(f.dice, "abort: ABORTED", "abort: ABORTED, after_messages: 2", "headers: true"))
	}
}
