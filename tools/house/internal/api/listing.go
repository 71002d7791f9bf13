package api

import (
	"fmt"
	"go/constant"
	"go/types"
	"slices"
	"strings"
	"time"
)

// Listing returns what the package exports: constants, variables, functions, and
// then each type, followed by its fields and methods. Every line says whose it
// is, so that it can be read alone in a diff.
func Listing(p *types.Package) string {
	l := listing{pkg: p}
	var consts, vars, funcs, named []string
	for _, name := range p.Scope().Names() { // sorted
		switch o := p.Scope().Lookup(name).(type) {
		case *types.Const:
			consts = l.appendIf(consts, o, l.constant(o))
		case *types.Var:
			vars = l.appendIf(vars, o, "var "+name+" "+l.text(o.Type()))
		case *types.Func:
			funcs = l.appendIf(funcs, o, "func "+name+l.signature(o))
		case *types.TypeName:
			named = l.appendIf(named, o, append([]string{""}, l.named(o)...)...)
		}
	}
	lines := []string{fmt.Sprintf("package %s // import %q", p.Name(), p.Path())}
	for _, group := range [][]string{consts, vars, funcs} {
		if len(group) > 0 {
			lines = append(append(lines, ""), group...)
		}
	}
	return strings.Join(append(append(lines, named...), ""), "\n")
}

// listing writes the declarations of one package.
type listing struct{ pkg *types.Package }

// appendIf adds the lines of o if o is exported.
func (listing) appendIf(lines []string, o types.Object, more ...string) []string {
	if !o.Exported() {
		return lines
	}
	return append(lines, more...)
}

// text returns a type as the package itself writes it.
func (l listing) text(t types.Type) string {
	return types.TypeString(t, func(other *types.Package) string {
		if other == l.pkg {
			return ""
		}
		return other.Name()
	})
}

// signature returns the parameters and results of a function.
func (l listing) signature(f *types.Func) string {
	return strings.TrimPrefix(l.text(f.Type()), "func")
}

// constant returns the line of a constant, with its type unless it has none of
// its own. Durations are written as people write them.
func (l listing) constant(c *types.Const) string {
	value := c.Val().ExactString()
	if l.text(c.Type()) == "time.Duration" {
		if n, ok := constant.Int64Val(c.Val()); ok {
			value = time.Duration(n).String()
		}
	}
	if b, ok := c.Type().(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		return fmt.Sprintf("const %s = %s", c.Name(), value)
	}
	return fmt.Sprintf("const %s %s = %s", c.Name(), l.text(c.Type()), value)
}

// named returns the lines of a type.
func (l listing) named(o *types.TypeName) []string {
	if o.IsAlias() {
		return []string{fmt.Sprintf("type %s = %s", o.Name(), l.text(types.Unalias(o.Type())))}
	}
	head := "type " + o.Name() + l.parameters(o.Type())
	switch u := o.Type().Underlying().(type) {
	case *types.Struct:
		fields, hidden := l.fields(o.Name()+".", u)
		if hidden {
			head += " struct, with unexported fields"
		} else {
			head += " struct"
		}
		return slices.Concat([]string{head}, fields, l.methods(o))
	case *types.Interface:
		lines, sealed := l.interfaceLines(o.Name(), u)
		if sealed {
			head += " interface, with unexported methods"
		} else {
			head += " interface"
		}
		return append([]string{head}, lines...)
	default:
		return append([]string{head + " " + l.text(u)}, l.methods(o)...)
	}
}

// parameters returns the type parameters of a type, in brackets.
func (l listing) parameters(t types.Type) string {
	named, ok := t.(*types.Named)
	if !ok || named.TypeParams().Len() == 0 {
		return ""
	}
	var params []string
	for p := range named.TypeParams().TypeParams() {
		params = append(params, p.Obj().Name()+" "+l.text(p.Constraint()))
	}
	return "[" + strings.Join(params, ", ") + "]"
}

// fields returns the exported fields, sorted, those of embedded unexported
// structs included, and whether there are unexported ones.
func (l listing) fields(prefix string, s *types.Struct) (lines []string, hidden bool) {
	for f := range s.Fields() {
		embedded, isStruct := f.Type().Underlying().(*types.Struct)
		switch {
		case f.Exported() && f.Embedded():
			lines = append(lines, "embedded "+prefix+f.Name()+" "+l.text(f.Type()))
		case f.Exported():
			lines = append(lines, "field "+prefix+f.Name()+" "+l.text(f.Type()))
		case f.Embedded() && isStruct:
			more, _ := l.fields(prefix, embedded)
			lines, hidden = append(lines, more...), true
		default:
			hidden = true
		}
	}
	slices.Sort(lines)
	return lines, hidden
}

// methods returns the exported methods of a type, those promoted from what it
// embeds included. A receiver with a star is that of a pointer.
func (l listing) methods(o *types.TypeName) (lines []string) {
	value := types.NewMethodSet(o.Type())
	for m := range types.NewMethodSet(types.NewPointer(o.Type())).Methods() {
		f, ok := m.Obj().(*types.Func)
		if !ok || !f.Exported() {
			continue
		}
		receiver := "*" + o.Name()
		if value.Lookup(l.pkg, f.Name()) != nil {
			receiver = o.Name()
		}
		lines = append(lines, fmt.Sprintf("func (%s) %s%s", receiver, f.Name(), l.signature(f)))
	}
	return lines
}

// interfaceLines returns the methods of an interface and the types that it
// admits as a constraint, and whether it has unexported methods, so that only
// this package can implement it.
func (l listing) interfaceLines(name string, i *types.Interface) (lines []string, sealed bool) {
	for m := range i.Methods() {
		if m.Exported() {
			lines = append(lines, fmt.Sprintf("method %s.%s%s", name, m.Name(), l.signature(m)))
		} else {
			sealed = true
		}
	}
	for e := range i.EmbeddedTypes() {
		if !types.IsInterface(e) {
			lines = append(lines, fmt.Sprintf("types %s %s", name, l.text(e)))
		}
	}
	slices.Sort(lines)
	return lines, sealed
}
