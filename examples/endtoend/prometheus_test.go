package endtoend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// prometheus is a running Prometheus.
type prometheus struct{ url string }

// scrape runs a Prometheus that scrapes the program, with its alerts.
func scrape(t *testing.T, d *demo) *prometheus {
	t.Helper()
	path := need(t, "prometheus")
	alerts, err := filepath.Abs(filepath.Join(monitoring, "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	cfg := filepath.Join(data, "prometheus.yaml")
	text := fmt.Sprintf(`
global: {scrape_interval: 500ms, evaluation_interval: 500ms}
rule_files: [%q]
scrape_configs: [{job_name: shop, static_configs: [{targets: [%q]}]}]
`, alerts, strings.TrimPrefix(d.url, "http://"))
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	said := &lines{news: newNews()}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), path,
		"--config.file="+cfg, "--storage.tsdb.path="+filepath.Join(data, "data"), "--web.listen-address="+address)
	command.Stderr = said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { interrupt(t, command, said) })
	said.await(t, "Server is ready to receive web requests")
	return &prometheus{url: "http://" + address}
}

// query returns the result of a query.
func (p *prometheus) query(t *testing.T, expr string) []json.RawMessage {
	t.Helper()
	var answer struct {
		Data struct {
			Result []json.RawMessage `json:"result"`
		} `json:"data"`
		Error string `json:"error"`
	}
	p.get(t, "/api/v1/query?query="+url.QueryEscape(expr), &answer)
	if answer.Error != "" {
		t.Fatalf("%s\n%s", answer.Error, expr)
	}
	return answer.Data.Result
}

// get reads an answer of the API.
func (p *prometheus) get(t *testing.T, path string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// until looks until it has seen what it looks for. Prometheus tells nobody when it has
// scraped, so it is asked again and again.
func (p *prometheus) until(t *testing.T, what string, seen func() bool) {
	t.Helper()
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	late := time.After(patience)
	for !seen() {
		select {
		case <-again.C:
		case <-late:
			t.Errorf("never: %s", what)
			return
		}
	}
}

// alert is an alert as Prometheus knows it.
type alert struct{ Name, State, Query, LastError string }

// alerts returns all by their names. They must be in good health.
func (p *prometheus) alerts(t *testing.T) map[string]alert {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct{ Rules []alert }
		}
	}
	p.get(t, "/api/v1/rules", &answer)
	all := map[string]alert{}
	for _, g := range answer.Data.Groups {
		for _, a := range g.Rules {
			all[a.Name] = a
			if a.LastError != "" {
				t.Fatalf("%s: %s", a.Name, a.LastError)
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("there are no alerts")
	}
	return all
}
