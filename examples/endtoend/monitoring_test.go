package endtoend_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	queries "github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// monitoring is where the dashboard and the alerts are.
var monitoring = filepath.Join(folder, "monitoring")

// busy is rules by which there are few places: for calls of a service that has no
// breaker, which wait for one, some of them in vain, and in the dashboard's own server;
// and rules in shadow, of calls and of a server.
const busy = `
  - match: /shop.v1.MetricsService/*
    side: client
    bulkhead: {max_concurrent: 2, max_queue: 1, max_wait: 400ms}
  - match: /shop.v1.DashboardService/*
    side: server
    bulkhead: {max_concurrent: 3}
  - match: /shop.v1.AlertsService/*
    side: client
    shadow: true
    rate_limit: {per_second: 1}
  - match: /shop.v1.EdgeService/*
    side: server
    shadow: true
    rate_limit: {per_second: 1}
`

// Every query of the dashboard and of the alerts has an answer, while backends are
// sick, places are scarce and the rules file has a fault.
func TestQueriesHaveAnswers(t *testing.T) {
	t.Parallel()
	need(t, "prometheus")
	rules := writeRules(t, busy)
	d := serve(t, []string{"-rules", rules})
	p := scrape(t, d)
	for backend, sickness := range map[string]string{"metrics": "slow", "recommendations": "hanging", "users": "failing"} {
		d.become(t, backend, sickness)
	}
	d.override(t, `{"scope": {"kind": "timeout"}, "reason": "a test", "begin": {"action": "ACTION_DISABLE", "for": "3600s"}}`)
	if err := os.WriteFile(rules, []byte("rules: none"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := func(where, expr string) {
		p.until(t, where+" has an answer: "+expr, func() bool { return len(p.query(t, expr)) > 0 })
	}
	for _, expr := range panels(t) {
		ask("a panel", expr)
	}
	for name, a := range p.alerts(t) {
		ask(name, beyond.ReplaceAllString(a.Query, ""))
	}
	for name, state := range map[string]string{
		"AfloatCircuitOpen": "pending", "AfloatCallsRefused": "pending", "AfloatResponsesDegraded": "pending",
		"AfloatRulesRefused": "firing",
	} {
		p.until(t, name+" is "+state, func() bool { return p.alerts(t)[name].State == state })
	}
}

// beyond is the threshold of an alert. What is compared with it has an answer also if
// there is nothing to be alarmed about.
var beyond = regexp.MustCompile(` > [0-9.]+$`)

// writeRules writes the rules of the program and more.
func writeRules(t *testing.T, more string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, append(text, more...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// values is how Grafana asks for those of a label.
var values = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// board reads the dashboard. Grafana's own types read it, strictly.
func board(t *testing.T) (d dashboard.Dashboard) { //nolint:staticcheck // it is the form that every Grafana loads
	t.Helper()
	plugins.RegisterDefaultPlugins()
	text, err := os.ReadFile(filepath.Join(monitoring, "grafana.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{d.UnmarshalJSONStrict(text), d.Validate()} {
		if err != nil && err.Error() != "" { // an empty list of faults is no fault
			t.Fatal(err)
		}
	}
	return d
}

// panels returns the queries of the dashboard, those of its variables among them, with
// these filled in.
func panels(t *testing.T) (all []string) {
	t.Helper()
	d := board(t)
	for _, v := range d.Templating.List {
		if v.Type != dashboard.VariableTypeQuery {
			continue
		}
		of := values.FindStringSubmatch(*v.Query.String)
		if of == nil {
			t.Fatalf("variable %s asks for %s", v.Name, *v.Query.String)
		}
		all = append(all, fmt.Sprintf("count by (%s) (%s{%s!=''})", of[2], of[1], of[2]))
	}
	for _, p := range d.Panels {
		if p.Panel == nil {
			continue // a row
		}
		for _, target := range p.Panel.Targets {
			q, ok := target.(*queries.Dataquery)
			if !ok {
				t.Fatalf("panel %s asks for %T", *p.Panel.Title, target)
			}
			all = append(all, strings.NewReplacer("$service", ".*", "$__rate_interval", "30s").Replace(q.Expr))
		}
	}
	return all
}

// What queries ask for is what docs/telemetry.md lists.
func TestQueriesAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "telemetry.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, name := range regexp.MustCompile("`afloat[^`]+`").FindAllString(string(page), -1) {
		name = strings.ReplaceAll(strings.Trim(name, "`"), ".", "_")
		for _, side := range []string{"client", "server"} {
			listed[strings.ReplaceAll(name, "{client,server}", side)] = true
		}
	}
	suffix := regexp.MustCompile("(_total|_seconds_bucket)$")
	for _, file := range []string{"grafana.json", "alerts.yaml"} {
		text, err := os.ReadFile(filepath.Join(monitoring, file))
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile("afloat_[a-z_]+").FindAllString(string(text), -1)
		if len(names) < 20 {
			t.Errorf("%s: %d names; want more", file, len(names))
		}
		for _, name := range names {
			if !listed[suffix.ReplaceAllString(name, "")] {
				t.Errorf("%s: %s is not in docs/telemetry.md", file, name)
			}
		}
	}
}

// Each alert fires when it must and only then, and the configuration is one that
// Prometheus takes, says promtool.
func TestAlerts(t *testing.T) {
	t.Parallel()
	promtool := need(t, "promtool")
	for _, args := range [][]string{
		{"test", "rules", "alerts.test.yaml"}, {"check", "config", "--lint=all", "--lint-fatal", "prometheus.yaml"},
	} {
		command := exec.CommandContext(t.Context(), promtool, args...)
		command.Dir = monitoring
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}
