package trial

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Edit is a change of one file of a module that others wrote.
type Edit struct {
	// File is the file's name, in the module.
	File string
	// Old is a text that the file has exactly once, New what is there instead.
	Old, New string
}

// Build builds a command of a module of others, with the edits in place, and returns the
// program. The edits are made in a copy of the module; everything else is as it is in this
// module's go.mod.
func Build(t *testing.T, module, command string, edits ...Edit) (program string) {
	t.Helper()
	folder := t.TempDir()
	program = filepath.Join(folder, "program")
	args := []string{"build", "-o", program}
	if len(edits) > 0 {
		edited := filepath.Join(folder, "module")
		copyModule(t, Run(t, "go", "list", "-m", "-f", "{{.Dir}}", module), edited)
		for _, e := range edits {
			e.apply(t, edited)
		}
		own := Run(t, "go", "env", "GOMOD")
		modfile := filepath.Join(folder, "go.mod")
		copyFile(t, own, modfile)
		copyFile(t, strings.TrimSuffix(own, ".mod")+".sum", filepath.Join(folder, "go.sum"))
		Run(t, "go", "mod", "edit", "-replace", module+"="+edited, modfile)
		args = append(args, "-modfile", modfile)
	}
	Run(t, "go", append(args, module+"/"+command)...)
	return program
}

// apply makes the change in a copy of the module.
func (e Edit) apply(t *testing.T, module string) {
	t.Helper()
	file := filepath.Join(module, e.File)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), e.Old); n != 1 {
		t.Fatalf("%s has %q %d times; must have it once", e.File, e.Old, n)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), e.Old, e.New, 1)), 0o600); err != nil { //nolint:gosec // a copy in the test's own folder
		t.Fatal(err)
	}
}

// copyModule copies what a build needs of a module. Modules in the cache are read-only.
func copyModule(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(target, 0o750)
		}
		if !strings.HasSuffix(path, "_test.go") {
			copyFile(t, path, target)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// copyFile copies a file.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600) //nolint:gosec // a copy in the test's own folder
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Run returns what a command says, without space around it.
func Run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}
