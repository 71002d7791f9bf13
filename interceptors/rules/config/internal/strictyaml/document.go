package strictyaml

import (
	"strconv"
	"strings"
)

// Document says where the fields of a message stand in what they were read from.
// A nil Document has none.
type Document struct{ places map[string]Place }

// Place is where the value of a field stands.
type Place struct {
	Position

	// Name is where its name stands. It is known in a Struct only.
	Name Position
	// Value is how it is written there, cut short where it is long. It is empty for
	// a message.
	Value string
}

// At returns the place of a field, or that of what encloses it, if the field itself
// is not given.
func (d *Document) At(path string) (p Place, given bool) {
	if d == nil {
		return Place{}, false
	}
	p, given = d.places[path]
	for at := path; !given && at != ""; {
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
		if enclosing, ok := d.places[at]; ok {
			return Place{Position: enclosing.Position}, false
		}
	}
	return p, given
}

// Field returns the path of a field of the message at path.
func Field(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// Index returns the path of an element of the list at path.
func Index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// Key returns the path of a value of the map at path.
func Key(path, key string) string {
	for _, r := range key {
		plain := r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !plain {
			return path + "[" + strconv.Quote(key) + "]" // whole: it tells values apart
		}
	}
	return Field(path, key)
}

// Quoted returns text in quotes, cut short where it is long.
func Quoted(text string) string {
	const most = 64
	if cut := []rune(text); len(cut) > most {
		text = string(cut[:most]) + "…"
	}
	return strconv.Quote(text)
}

// escaped returns text as Quoted has it, without the quotes.
func escaped(text string) string {
	quoted := Quoted(text)
	return quoted[1 : len(quoted)-1]
}
