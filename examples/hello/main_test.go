package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// pagesOf runs the program and returns what it says of its five pages, and what it says
// after that.
func pagesOf(t *testing.T, hang bool) (pages []string, rest string) {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), hang, &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitN(out.String(), "\n", 6)
	if len(lines) != 6 {
		t.Fatalf("it says %q; want a line for each of five pages", out.String())
	}
	return lines[:5], lines[5]
}

// check checks a line that the program writes.
func check(t *testing.T, line, want string) {
	t.Helper()
	if !regexp.MustCompile(`^after +\d+ ms: ` + want + `$`).MatchString(line) {
		t.Errorf("it says %q; want %q", line, want)
	}
}

func TestPagesAreComplete(t *testing.T) {
	t.Parallel()
	pages, rest := pagesOf(t, false)
	for _, line := range pages {
		check(t, line, `Hello, gopher! It is sunny\. \[complete\]`)
	}
	if rest != "" {
		t.Errorf("it says more: %q", rest)
	}
}

// The first pages wait for the weather as long as the rule allows; the last is told at
// once that the circuit is open.
func TestPagesComeWithoutTheWeatherThatHangs(t *testing.T) {
	t.Parallel()
	pages, rest := pagesOf(t, true)
	for _, line := range pages[:3] {
		check(t, line, `Hello, gopher!  \["weather" is missing \(timeout\)\]`)
	}
	check(t, pages[4], `Hello, gopher!  \["weather" is missing \(circuit_open\)\]`)
	if !strings.Contains(rest, "refuses calls at once") {
		t.Errorf("it ends with %q; want what an open circuit means", rest)
	}
}

// It is to be read in two minutes.
func TestProgramIsShort(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(source, []byte("\n")); lines > 100 {
		t.Errorf("main.go has %d lines; must be at most 100", lines)
	}
}
