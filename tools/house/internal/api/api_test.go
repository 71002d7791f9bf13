package api_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/tools/house/internal/api"
)

// module writes the files of a module to a folder of the test and returns it.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// Internal packages, programs and packages of generated code alone have no
// listing.
func TestWrite(t *testing.T) {
	t.Parallel()
	root := module(t, map[string]string{
		"go.mod":            "module example.com/m\n\ngo 1.26.0\n",
		"m.go":              "package top\n\nimport \"example.com/m/a/b\"\n\nfunc F(x b.T) {}\n",
		"a/b/b.go":          "package b\n\ntype T struct{ X int }\n",
		"a/internal/c/c.go": "package c\n\nfunc C() {}\n",
		"cmd/d/main.go":     "package main\n\nfunc main() {}\n",
		"proto/e/e.pb.go":   "package e\n\nfunc E() {}\n",
	})
	out := t.TempDir()
	if err := api.Write(t.Context(), root, out); err != nil {
		t.Fatal(err)
	}
	var written []string
	err := filepath.WalkDir(out, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			written = append(written, strings.TrimPrefix(name, out))
		}
		return err
	})
	if want := []string{"/a/b.txt", "/top.txt"}; err != nil || !slices.Equal(written, want) {
		t.Errorf("wrote %q, %v; want %q", written, err, want)
	}
	text, err := os.ReadFile(filepath.Join(out, "top.txt"))
	if want := "package top // import \"example.com/m\"\n\nfunc F(x b.T)\n"; err != nil || string(text) != want {
		t.Errorf("top.txt: %q, %v; want %q", text, err, want)
	}
}

func TestWriteFailsIfTheModuleDoesNotBuild(t *testing.T) {
	t.Parallel()
	root := module(t, map[string]string{
		"go.mod": "module example.com/m\n\ngo 1.26.0\n",
		"m.go":   "package top\n\nfunc F() { return 1 }\n",
	})
	if err := api.Write(t.Context(), root, t.TempDir()); err == nil {
		t.Error("no error; want one")
	}
}
