package measure

import (
	"go/ast"
	"go/token"
	"strings"
)

// Func is a function or a method.
type Func struct {
	Name string
	// Receiver is the type whose method it is, empty for a function.
	Receiver string
	At       token.Position
	Lines    int
	// Opening is how the doc comment begins, and Word the word after the name.
	Opening Opening
	Word    string
}

// newFunc measures a declaration, without its doc comment.
func newFunc(fset *token.FileSet, d *ast.FuncDecl) Func {
	at := fset.Position(d.Pos())
	f := Func{Name: d.Name.Name, At: at, Lines: fset.Position(d.End()).Line - at.Line + 1}
	if d.Recv != nil {
		f.Receiver = receiver(d.Recv.List[0].Type)
	}
	f.Opening, f.Word = openingOf(f.Name, d.Doc.Text())
	return f
}

// receiver returns the name of the type that a receiver is of.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.ParenExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}

// String returns the name, with the receiver's before it.
func (f Func) String() string {
	if f.Receiver == "" {
		return f.Name
	}
	return f.Receiver + "." + f.Name
}

// Opening is how the doc comment of a function begins.
type Opening uint8

// The openings.
const (
	// Undocumented: there is no comment.
	Undocumented Opening = iota
	// Verb: the name, then what the function does, as in "Close ends the call".
	Verb
	// State: the name, then what the function is or has, as in "Name is the name".
	State
	// Other: anything else.
	Other
)

// states are the words that say what something is, where a reader wants to know
// what it does.
const states = " is are was were has have had says say can cannot may might must should will would means stands belongs "

// adverbs may stand between the name and the verb.
const adverbs = " also always either first never only then "

// openingOf returns how the doc comment of the function begins, and with which
// word after the function's name.
func openingOf(name, doc string) (Opening, string) {
	words := strings.Fields(doc)
	if len(words) == 0 {
		return Undocumented, ""
	}
	if words[0] != name {
		return Other, ""
	}
	word := ""
	for _, next := range words[1:] {
		word = strings.TrimRight(next, ",.:;")
		if !strings.Contains(adverbs, " "+word+" ") {
			break
		}
	}
	switch {
	case strings.Contains(states, " "+word+" "):
		return State, word
	case strings.HasSuffix(word, "s"):
		return Verb, word
	default:
		return Other, word
	}
}
