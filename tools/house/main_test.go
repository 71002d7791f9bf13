package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes one file of Go below the name and returns the root.
func tree(t *testing.T, name, source string) string {
	t.Helper()
	root := t.TempDir()
	name = filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestRun(t *testing.T) {
	t.Parallel()
	const is = "package a\n\n// f is one.\nfunc f() {}\n"
	for _, tt := range []struct {
		name             string
		args             []string
		exit             int
		out, complaining string
	}{
		{"no command", nil, exitFailed, "", "usage: house measures"},
		{"unknown command", []string{"floors"}, exitFailed, "", "usage: house measures"},
		{"unknown flag", []string{"measures", "-floors"}, exitFailed, "", "-floors"},
		{"too many arguments", []string{"measures", "a"}, exitFailed, "", "usage: house measures"},
		{"api to nowhere", []string{"api"}, exitFailed, "", "usage: house measures"},
		{"api of no module", []string{"api", "-root", t.TempDir(), "-out", t.TempDir()}, exitFailed, "", "go list"},
		{"licences of nothing", []string{"licences", "-list", "a"}, exitFailed, "", "usage: house measures"},
		{"licences without a list", []string{"licences", "."}, exitFailed, "", "usage: house measures"},
		{"list that is not there", []string{"licences", "-list", "nowhere", "."}, exitFailed, "", "nowhere: no such file"},
		{"no targets", []string{"targets"}, exitFailed, "", "usage: house measures"},
		{"bad target", []string{"targets", "linux"}, exitFailed, "", `target = "linux"`},
		{"library", []string{"measures", "-root", tree(t, "interceptors/a/a.go", is)}, exitPassed, "interceptors/a ", "interceptors/a/a.go:4: "},
		{"command", []string{"measures", "-root", tree(t, "cmd/a/a.go", is)}, exitPassed, "cmd/a ", "cmd/a/a.go:4: "},
		{"benchmarks", []string{"measures", "-root", tree(t, "interceptors/benchmarks/a.go", is)}, exitGood, "interceptors/benchmarks ", ""},
		{"proof", []string{"measures", "-root", tree(t, "interceptors/proof/etcd/a.go", is)}, exitGood, "interceptors/proof/etcd ", ""},
		{"examples", []string{"measures", "-root", tree(t, "examples/a/a.go", is)}, exitGood, "examples/a ", ""},
		{"no Go", []string{"measures", "-root", tree(t, "tools/a.go", "package")}, exitFailed, "", "tools/a.go:1:"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, complaints bytes.Buffer
			if exit := run(tt.args, &out, &complaints); exit != tt.exit {
				t.Errorf("exit %d; want %d", exit, tt.exit)
			}
			if !strings.Contains(out.String(), tt.out) {
				t.Errorf("printed %q; want %q in it", &out, tt.out)
			}
			if !strings.Contains(complaints.String(), tt.complaining) || tt.complaining == "" && complaints.Len() > 0 {
				t.Errorf("complained %q; want %q in it", &complaints, tt.complaining)
			}
		})
	}
}
