package interceptors_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/policy"
)

var update = flag.Bool("update", false, "write the tables of docs/what-counts.md anew")

// The tables of the page are what the calls of these tests come to.
func TestPageSaysWhatCounts(t *testing.T) {
	t.Parallel()
	page := filepath.Join("..", "docs", "what-counts.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for title, rows := range map[string][]string{
		"unary":    rowsOf(t, unaryEnds()),
		"streams":  rowsOf(t, streamEnds()),
		"proxies":  rowsOf(t, proxyEnds()),
		"refusals": refusalRows(t),
	} {
		begin, end := "<!-- "+title+" -->\n", "<!-- end -->"
		head, rest, found := strings.Cut(want, begin)
		_, tail, ended := strings.Cut(rest, end)
		if !found || !ended {
			t.Fatalf("%s has no place for %q", page, title)
		}
		want = head + begin + strings.Join(rows, "") + end + tail
	}
	switch {
	case want == string(text):
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Error(err)
		}
	default:
		t.Errorf("%s is not what happens; run go test ./interceptors -run PageSays -update", page)
	}
}

const tableHead = "| the call | ends with | telemetry | breaker | bulkhead | fallback | retry |\n|---|---|---|---|---|---|---|\n"

// rowsOf makes the calls and returns a table of what they tell.
func rowsOf(t *testing.T, cases []saysOf) []string {
	t.Helper()
	rows := []string{tableHead}
	for _, c := range cases {
		synctest.Test(t, func(t *testing.T) {
			last := c.told(t)
			rows = append(rows, row(t, c.name, last.err, last.outcome.Verdict, breakerSays(last)))
		})
	}
	return rows
}

// breakerSays returns what a breaker makes of a call.
func breakerSays(last told) string {
	switch v := last.outcome.Verdict; {
	case last.opened:
		return "failure"
	case v == policy.Failure:
		return "nothing"
	case v == policy.Shed:
		return "shedding"
	case v == policy.Success:
		return "success"
	default:
		return "nothing"
	}
}

// refusalRows returns a table of the refusals by the guard itself.
func refusalRows(t *testing.T) []string {
	t.Helper()
	rows := []string{tableHead}
	for _, r := range []policy.Reason{
		policy.ReasonCircuitOpen, policy.ReasonBulkheadFull, policy.ReasonQueueTimeout, policy.ReasonRateLimited,
		policy.ReasonDeadlineTooNear, policy.ReasonCancelled, policy.ReasonOverruns,
	} {
		err := &policy.Rejection{Kind: "policy", Reason: r, Err: errors.New("refused")}
		if v := policy.Classify(err); v != policy.Ignored {
			t.Errorf("%s: %v; want ignored", r, v)
		}
		rows = append(rows, row(t, "refused here: "+string(r), err, policy.NotStarted, "nothing"))
	}
	return rows
}

// row returns a line of a table.
func row(t *testing.T, name string, err error, v policy.Verdict, breaker string) string {
	t.Helper()
	bulkhead := "place back"
	if v == policy.NotStarted {
		bulkhead = "place back, no time learned"
	}
	return fmt.Sprintf("| %s | %s | `%s` | %s | %s | %s | %s |\n",
		name, codeName(policy.Code(err)), v, breaker, bulkhead, yes(fallsBack(t, err)), yes(policy.Retriable(nil)(err)))
}

// fallsBack reports whether a chain asks its next step after err.
func fallsBack(t *testing.T, err error) bool {
	t.Helper()
	chain, broken := fallback.New("row",
		fallback.To("first", func(context.Context, int) (int, error) { return 0, err }),
		fallback.Default(func(int) int { return 1 }))
	if broken != nil {
		t.Fatal(broken)
	}
	got, _ := chain.Do(t.Context(), 0)
	return got.Value == 1
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
