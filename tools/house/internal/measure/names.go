package measure

import (
	"go/ast"
	"go/token"
)

// Name is one exported name.
type Name struct {
	// Name has the type's before it if it is a method's, as in "Chain.Do".
	Name       string
	At         token.Position
	Documented bool
	// Top says that it is declared at package level.
	Top bool
}

// names collects the exported names of one file.
type names struct {
	fset  *token.FileSet
	found []Name
}

// declared adds those of a declaration of types, constants or variables. A
// comment above a group is one for each name in it. Fields and the methods of
// interfaces are not asked for: one comment often speaks of several.
func (n *names) declared(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			n.add("", s.Name, d.Doc, s.Doc, s.Comment)
		case *ast.ValueSpec:
			for _, name := range s.Names {
				n.add("", name, d.Doc, s.Doc, s.Comment)
			}
		}
	}
}

// add adds a name if it is exported. It is documented if one of the comments
// says something.
func (n *names) add(prefix string, name *ast.Ident, comments ...*ast.CommentGroup) {
	if !name.IsExported() {
		return
	}
	documented := false
	for _, c := range comments {
		documented = documented || c.Text() != ""
	}
	n.found = append(n.found, Name{
		Name: prefix + name.Name, At: n.fset.Position(name.Pos()), Documented: documented, Top: prefix == "",
	})
}
