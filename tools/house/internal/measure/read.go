package measure

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Read returns the packages below the folders of a file system, sorted by path.
// A folder that is not there is left out.
func Read(fsys fs.FS, folders ...string) ([]*Package, error) {
	r := reader{fsys: fsys, fset: token.NewFileSet(), packages: map[string]*Package{}}
	for _, folder := range folders {
		if _, err := fs.Stat(fsys, folder); err != nil {
			continue
		}
		if err := fs.WalkDir(fsys, folder, r.visit); err != nil {
			return nil, fmt.Errorf("measure: %w", err)
		}
	}
	var packages []*Package
	for _, name := range slices.Sorted(maps.Keys(r.packages)) {
		packages = append(packages, r.packages[name])
	}
	return packages, nil
}

// reader collects packages by their folders.
type reader struct {
	fsys     fs.FS
	fset     *token.FileSet
	packages map[string]*Package
}

// visit looks at one entry of a folder. Folders that the go command passes over
// are passed over here.
func (r reader) visit(name string, d fs.DirEntry, err error) error {
	base := path.Base(name)
	switch {
	case err != nil:
		return err
	case d.IsDir() && (base == "testdata" || base == "vendor" || len(base) > 1 && strings.ContainsAny(base[:1], "._")):
		return fs.SkipDir
	case d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go"):
		return nil
	default:
		return r.read(name)
	}
}

// read adds one file to its package, unless it is generated.
func (r reader) read(name string) error {
	source, err := fs.ReadFile(r.fsys, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(r.fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || ast.IsGenerated(file) {
		return err
	}
	folder := path.Dir(name)
	if r.packages[folder] == nil {
		r.packages[folder] = &Package{Path: folder}
	}
	r.packages[folder].add(r.fset, file)
	return nil
}
