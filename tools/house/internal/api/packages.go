package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// listed is what the go command says of a package.
type listed struct {
	ImportPath string
	Name       string
	// Export is the file with the package's export data.
	Export string
	// DepOnly: the package is only imported by those asked for.
	DepOnly bool
	GoFiles []string
	Module  struct{ Path string }
}

// public reports whether other modules may import the package and somebody wrote
// it: the listing of generated code is the file that it is generated from.
func (l listed) public() bool {
	internal := strings.Contains(l.ImportPath+"/", "/internal/")
	written := slices.ContainsFunc(l.GoFiles, func(f string) bool { return !strings.HasSuffix(f, ".pb.go") })
	return !l.DepOnly && l.Name != "main" && !internal && written
}

// list builds the module in the folder root and returns its packages and all
// that they import.
func list(ctx context.Context, root string) ([]listed, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-json=ImportPath,Name,Export,DepOnly,GoFiles,Module", "./...")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("api: go list in %s: %w", root, err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("api: go list in %s: %w", root, err)
		}
		all = append(all, l)
	}
}

// load returns the public packages among all.
func load(all []listed) ([]public, error) {
	exports := map[string]string{}
	for _, l := range all {
		exports[l.ImportPath] = l.Export
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	var packages []public
	for _, l := range all {
		if !l.public() {
			continue
		}
		p, err := from.Import(l.ImportPath)
		if err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
		packages = append(packages, public{module: l.Module.Path, types: p})
	}
	return packages, nil
}
