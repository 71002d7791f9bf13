package degrade

import "strings"

// Bounds of a path.
const (
	MaxPathBytes = 256
	MaxPathSteps = 16
)

// A path names a field of a response by the names of its .proto file:
//
//	path  = [ field { "." field | "[*]" | "[" key "]" } ] .
//	field = letter { letter | digit | "_" } .
//	key   = `"` { character | `\"` | `\\` | `\u` hex hex hex hex } `"` .
//
// [*] is every element of a repeated field or every value of a map, a key one
// value of a map; a key that is a number or a bool is quoted too, as Go prints
// it. The empty path is the whole response. In keys the quote, the backslash and
// the characters that steer a terminal or a line are escaped, and no others, so
// every path has one spelling only, paths are compared as strings, and a path
// can be printed as it is.

// CheckPath returns an error if path is malformed, longer than [MaxPathBytes]
// or deeper than [MaxPathSteps].
func CheckPath(path string) error {
	_, err := parse(path)
	return err
}

// Key returns the path of one value of a map. A key that is not valid UTF-8
// is spelled with U+FFFD in place of what is not.
func Key(path, key string) string {
	var b strings.Builder
	b.WriteString(path)
	b.WriteString(`["`)
	for _, r := range key {
		if e := escaped(r); e != "" {
			b.WriteString(e)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteString(`"]`)
	return b.String()
}

// Elements returns the path of all elements of a repeated field or a map.
func Elements(path string) string { return path + "[*]" }

// Unkeyed returns path with [*] in place of every key, for logs and traces: a key
// may be personal, and there is no end to them. Of a malformed path it returns "".
func Unkeyed(path string) string {
	steps, err := parse(path)
	if err != nil {
		return ""
	}
	for i := range steps {
		if steps[i].kind == keyStep {
			steps[i] = step{kind: allStep}
		}
	}
	return format(steps)
}

// Join returns the path of what stands at path within the field at parent.
func Join(parent, path string) string {
	if parent == "" || path == "" {
		return parent + path
	}
	return parent + "." + path
}

// Covers reports whether path is the field at ancestor or lies within it.
func Covers(ancestor, path string) bool {
	rest, ok := strings.CutPrefix(path, ancestor)
	return ok && (ancestor == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}
