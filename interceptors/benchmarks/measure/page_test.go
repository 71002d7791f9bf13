package measure_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		row              measure.Row
		toReach, verdict string
	}{
		{measure.Row{Format: "%.2f", Measured: 9, Allocs: 9}, "", ""},
		{measure.Row{Format: "%.2f", Measured: 0.4, Goal: &measure.Goal{Most: 0.4}}, "≤ 0.40, 0 allocations", "kept"},
		{measure.Row{Format: "%.2f", Measured: 0.41, Goal: &measure.Goal{Most: 0.4}}, "≤ 0.40, 0 allocations", "missed"},
		{measure.Row{Format: "%.2f", Measured: 0.4, Allocs: 1, Goal: &measure.Goal{Most: 0.4}}, "≤ 0.40, 0 allocations", "missed"},
		{measure.Row{Format: "%.2f", Measured: 0.4, Allocs: 1, Goal: &measure.Goal{Most: 0.4, Allocs: measure.AnyAllocs}}, "≤ 0.40", "kept"},
		{measure.Row{Format: "%.2f", Measured: 9, Goal: &measure.Goal{}}, "0 allocations", "kept"},
		{measure.Row{Allocs: 10, Bare: 1, Goal: &measure.Goal{Allocs: 9, Over: true}}, "9 allocations more", "kept"},
		{measure.Row{Allocs: 11, Bare: 1, Goal: &measure.Goal{Allocs: 9, Over: true}}, "9 allocations more", "missed"},
		{measure.Row{Format: "%.0f bytes", Measured: 901, Allocs: math.NaN(), Goal: &measure.Goal{Most: 900}}, "≤ 900 bytes", "missed"},
	} {
		var p measure.Page
		p.Add(tt.row)
		var out bytes.Buffer
		if err := p.Print(&out); err != nil {
			t.Fatal(err)
		}
		if got := tt.row.Verdict(); got != tt.verdict || !strings.Contains(out.String(), tt.toReach) {
			t.Errorf("%q; want %q and %q in\n%s", got, tt.verdict, tt.toReach, &out)
		}
	}
}

// The page for the docs has all rows, and its chart the ratios of which something is promised.
func TestWrite(t *testing.T) {
	t.Parallel()
	p := measure.Page{Legend: "Read\nit.\n"}
	p.Add(measure.Row{Measure: "a call", System: "other", Format: "%.2f", Measured: 14})
	p.Add(measure.Row{Measure: "a call", System: "own", Format: "%.2f", Measured: 0.5, Goal: &measure.Goal{Most: 0.4}})
	p.Add(measure.Row{Measure: "memory", System: "own", Format: "%.0f bytes", Measured: 7, Goal: &measure.Goal{Most: 9}})
	docs := t.TempDir()
	if err := p.Write(docs, "calls", "What a call takes"); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(docs, measure.Folder, "calls.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 promises, 1 missed. Read it.", "![What a call takes](calls.svg)", "| a call | own | ≤ 0.40, 0 allocations | 0.50 |", "| **missed** |", "| memory |"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	chart, err := os.ReadFile(filepath.Join(docs, measure.Folder, "calls.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(chart); !strings.Contains(s, ">14.00<") || !strings.Contains(s, ">own<") || strings.Contains(s, "memory") {
		t.Errorf("the chart:\n%s", s)
	}
	for d := xml.NewDecoder(bytes.NewReader(chart)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
