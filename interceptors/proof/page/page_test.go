package main

import (
	"os"
	"testing"
	"testing/fstest"
)

// The page is what was found.
func TestPage(t *testing.T) {
	t.Parallel()
	want, err := render(os.DirFS("findings"), os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../docs/proof.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/proof.md is not what was found; write it anew: go run ./page")
	}
}

func TestRenderNeedsFindings(t *testing.T) {
	t.Parallel()
	for name, findings := range map[string]fstest.MapFS{
		"none":  {},
		"bad":   {"pair-a.json": {Data: []byte("{")}},
		"suite": {"suite-a.json": {Data: []byte("[]")}},
	} {
		if _, err := render(findings, os.DirFS("..")); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
