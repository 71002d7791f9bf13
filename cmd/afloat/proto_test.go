package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/proto"
)

// exported runs the command and returns how it ended, and what it said.
func exported(t *testing.T, args ...string) (exit int, out, complaints string) {
	t.Helper()
	var o, c bytes.Buffer
	exit = run(append([]string{"proto", "export"}, args...), stdio{strings.NewReader(""), &o, &c})
	return exit, o.String(), c.String()
}

// Every .proto file of the folder is there, word for word.
func TestExportWritesEveryProtoFile(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "third_party")
	exit, out, complaints := exported(t, folder)
	if exit != exitGood || complaints != "" {
		t.Fatalf("exit %d, %s", exit, complaints)
	}
	source, n := os.DirFS("../../proto"), 0
	err := fs.WalkDir(source, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".proto") {
			return err
		}
		n++
		want, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		to := filepath.Join(folder, name)
		if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, want) || !strings.Contains(out, to+"\n") {
			t.Errorf("%s: %v, or not the same, or not named", name, err)
		}
		return nil
	})
	if err != nil || n < 5 || strings.Count(out, "\n") != n {
		t.Errorf("%v, %d files, %d named", err, n, strings.Count(out, "\n"))
	}
}

// Another number is in the copy of one file, with another Go package, and nowhere else.
func TestExportWithAnotherNumber(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if exit, _, complaints := exported(t, "-number", "50123", "-go_package", "example.com/api/afloatoptions", folder); exit != exitGood {
		t.Fatalf("exit %d, %s", exit, complaints)
	}
	err := fs.WalkDir(proto.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		got, err := os.ReadFile(filepath.Join(folder, name))
		want, _ := proto.Files.ReadFile(name)
		if name != optionsFile && !bytes.Equal(got, want) {
			t.Errorf("%s has changed", name)
		}
		if name == optionsFile && (bytes.Contains(got, []byte("74128")) || bytes.Count(got, []byte(" = 50123;")) != 3 ||
			!bytes.Contains(got, []byte("\noption go_package = \"example.com/api/afloatoptions\";\n"))) {
			t.Errorf("%s is:\n%s", name, got)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFaultsOfExport(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"folders = 0; must be one":             nil,
		"folders = 2; must be one":             {folder, folder},
		"number = 19500; must be in":           {"-number", "19500", "-go_package", "example.com/x", folder},
		"go_package must be set together":      {"-number", "50123", folder},
		"go_package must be set together with": {"-go_package", "example.com/x", folder},
		"not a directory":                      {file},
		"flag provided but not defined":        {"-nubmer", "1", folder},
	} {
		if exit, _, complaints := exported(t, args...); exit != exitFailed || !strings.Contains(complaints, want) {
			t.Errorf("%v: exit %d, %s; want %s", args, exit, complaints, want)
		}
	}
	if exit, _, complaints := exported(t, "-h"); exit != exitGood || !strings.Contains(complaints, "-go_package") {
		t.Errorf("-h: exit %d, %s", exit, complaints)
	}
	var out, complaints bytes.Buffer
	if exit := run([]string{"proto", "improt"}, stdio{nil, &out, &complaints}); exit != exitFailed || !strings.Contains(complaints.String(), "proto improt") {
		t.Errorf("exit %d, %s", exit, complaints.String())
	}
}
