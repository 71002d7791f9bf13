package measure

import (
	"go/ast"
	"go/token"
	"slices"
)

// Package is what one folder holds, or several folders together.
type Package struct {
	// Path is the folder, relative to the root.
	Path  string
	Files []File
	Funcs []Func
	// Types are those that have methods.
	Types []Type
	// Names are the exported names at package level, and the exported methods of
	// exported types.
	Names []Name
}

// File is one source file.
type File struct {
	Path  string
	Lines int
}

// Total returns all packages as one.
func Total(name string, packages []*Package) *Package {
	all := &Package{Path: name}
	for _, p := range packages {
		all.Files = append(all.Files, p.Files...)
		all.Funcs = append(all.Funcs, p.Funcs...)
		all.Types = append(all.Types, p.Types...)
		all.Names = append(all.Names, p.Names...)
	}
	return all
}

// add measures one file of p.
func (p *Package) add(fset *token.FileSet, file *ast.File) {
	source := fset.File(file.FileStart)
	p.Files = append(p.Files, File{Path: source.Name(), Lines: source.LineCount()})
	exported := names{fset: fset}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.GenDecl:
			exported.declared(d)
		case *ast.FuncDecl:
			f := newFunc(fset, d)
			p.Funcs = append(p.Funcs, f)
			switch {
			case f.Receiver == "":
				exported.add("", d.Name, d.Doc)
			case ast.IsExported(f.Receiver):
				exported.add(f.Receiver+".", d.Name, d.Doc)
			}
			if f.Receiver != "" {
				p.typeOf(f.Receiver).method(f.At)
			}
		}
	}
	p.Names = append(p.Names, exported.found...)
}

// typeOf returns the type of that name, a new one if no method of it has been
// met before.
func (p *Package) typeOf(name string) *Type {
	i := slices.IndexFunc(p.Types, func(t Type) bool { return t.Name == name })
	if i < 0 {
		i = len(p.Types)
		p.Types = append(p.Types, Type{Name: name})
	}
	return &p.Types[i]
}

// Scattered returns the types whose methods are in several files.
func (p *Package) Scattered() []Type { return filter(p.Types, Type.scattered) }

// Opened returns the functions whose doc comment begins in that way.
func (p *Package) Opened(o Opening) []Func {
	return filter(p.Funcs, func(f Func) bool { return f.Opening == o })
}

// DocumentedFuncs returns how many functions have a doc comment.
func (p *Package) DocumentedFuncs() int { return len(p.Funcs) - len(p.Opened(Undocumented)) }

// Exported returns how many names are exported at package level.
func (p *Package) Exported() int {
	return len(filter(p.Names, func(n Name) bool { return n.Top }))
}

// fileLines returns the lengths of the files, shortest first.
func (p *Package) fileLines() []int {
	return lengths(p.Files, func(f File) int { return f.Lines })
}

// funcLines returns the lengths of the functions, shortest first.
func (p *Package) funcLines() []int {
	return lengths(p.Funcs, func(f Func) int { return f.Lines })
}
