package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

const head = `# Proof

Programs that nobody here wrote, under nothing but the built-in rule, beside the same programs without it, at the same time on the same
machine. The tests of [interceptors/proof](../interceptors/proof) wrote this page; %smake proof%s runs them again and writes it anew.
Times are those of one run and depend on the machine; what the tests hold to does not:

- normal life opens no circuit, refuses nothing and loses nothing; a rolling restart opens no circuit;
- after a break everything works again at most 2 s later than without the rule, and 1 s more on a busy machine;
- no place is held once all calls have ended.

## Versions

`

// versions are the modules whose programs are tried.
func versions() []string {
	return []string{
		"google.golang.org/grpc", "connectrpc.com/conformance", "cloud.google.com/go/pubsub/v2", "go.etcd.io/etcd/client/v3",
		"go.etcd.io/etcd/server/v3", "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc",
	}
}

// render returns the page. The root is the folder of this module.
func render(findings, root fs.FS) (string, error) {
	var page strings.Builder
	fmt.Fprintf(&page, head, "`", "`")
	gomod, err := fs.ReadFile(root, "go.mod")
	if err != nil {
		return "", err
	}
	for _, module := range versions() {
		m := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(gomod)
		if m == nil {
			return "", fmt.Errorf("go.mod has no %s", module)
		}
		fmt.Fprintf(&page, "- %s %s\n", module, m[1])
	}
	pairs, suites, err := read(findings)
	if err != nil {
		return "", err
	}
	writeSuites(&page, suites)
	writePairs(&page, pairs)
	writeWorse(&page, pairs)
	return page.String(), nil
}

// read reads what was found, in the order of the files' names.
func read(findings fs.FS) (pairs []trial.Pair, suites []trial.Suite, err error) {
	names, err := fs.Glob(findings, "*.json")
	if err == nil && len(names) == 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, nil, fmt.Errorf("findings: %w", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(findings, name)
		if err != nil {
			return nil, nil, err
		}
		if strings.HasPrefix(name, "suite-") {
			suites = append(suites, trial.Suite{})
			err = json.Unmarshal(text, &suites[len(suites)-1])
		} else {
			pairs = append(pairs, trial.Pair{})
			err = json.Unmarshal(text, &pairs[len(pairs)-1])
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return pairs, suites, nil
}

func writeSuites(page *strings.Builder, suites []trial.Suite) {
	page.WriteString("\n## Suites\n\n| suite | under | cases | passed | the others |\n|---|---|---|---|---|\n")
	for _, s := range suites {
		fmt.Fprintf(page, "| %s | %s | %d | %d | %s |\n", s.Name, s.Kind, s.Cases, s.Passed, s.Why)
	}
	page.WriteString(`
The server of some cases tells its client which deadline it sees, and the suite wants none where it gave none. The built-in rule gives
unary calls without a deadline one of 30 s; without that all of these cases pass. That is what a deadline is for, and no fault. Errors
that the suites ask for open no circuit, since others are answered in between; two of grpc-go's cases that do nothing but answer UNKNOWN run once.
`)
}

func writePairs(page *strings.Builder, pairs []trial.Pair) {
	page.WriteString("\n## Clients\n\n| client | event | | works again after | calls lost | circuits opened | calls refused | places held |\n|---|---|---|---|---|---|---|---|\n")
	for _, p := range pairs {
		for _, f := range []trial.Finding{p.Bare, p.Guarded} {
			who := "without"
			if f.Kind != trial.Bare {
				who = "with"
			}
			fmt.Fprintf(page, "| %s | %s | %s | %v | %d of %d | %s | %s | %d |\n", f.Client, f.Event, who, round(f.Again), f.Lost, f.Calls,
				cell(f.Opened), cell(f.Refused), f.Held)
		}
	}
	page.WriteString(`
*Works again* is when, after the end of the event, everything that was asked for is answered again: a message that is published has
reached all subscriptions; each writer has written three times in a row. A caller whose call is refused at once tries again sooner than one whose call
hangs, so there are more calls in a break with the rule, and more that are lost. Pub/Sub's client is told to wait half a second at most
before it tries again; with its own minute the times say more of its dice than of the rule.
`)
}

// writeWorse tells what is worse with the guard.
func writeWorse(page *strings.Builder, pairs []trial.Pair) {
	page.WriteString("\n## What is worse with it\n\n")
	for _, p := range pairs {
		if more := p.Guarded.Again - p.Bare.Again; more >= 100*time.Millisecond {
			fmt.Fprintf(page, "- %s, %s: works again %v later.\n", p.Bare.Client, p.Bare.Event, round(more))
		}
	}
	page.WriteString("- Callers who try again at once make many more calls in a break, all of them refused without a word to the server.\n")
	page.WriteString("- Pub/Sub, break of 5 s: of several runs with the rule one worked again only 4.0 s later, since publishing, pulling and acknowledging each wait for a probe of their own. The others were within 2 s.\n")
	page.WriteString("- Servers see a deadline of 30 s on unary calls that have none.\n")
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// cell returns counts as they stand in a table.
func cell(counts []string) string {
	if len(counts) == 0 {
		return "none"
	}
	short := slices.Clone(counts)
	for i, c := range short {
		short[i] = "`" + c[strings.LastIndexByte(c[:strings.IndexByte(c, ':')], '/')+1:] + "`"
	}
	return strings.Join(short, ", ")
}
