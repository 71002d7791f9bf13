package degrade

import "strings"

// Bounds of a path, in bytes and in steps. A step is a field, a [*] or a key.
const (
	MaxPathBytes = 256
	MaxPathSteps = 16
)

// CheckPath returns an error if path is malformed, longer than [MaxPathBytes]
// or deeper than [MaxPathSteps].
func CheckPath(path string) error {
	_, err := parse(path)
	return err
}

// Key returns the path of one value of the map at path. In a key that is not
// valid UTF-8, U+FFFD replaces the invalid bytes.
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

// Elements returns the path of all elements of the repeated field or map at
// path.
func Elements(path string) string { return path + "[*]" }

// Unkeyed returns path with [*] in place of every key, for logs and traces: keys
// may be personal, and their number is unbounded. For a malformed path it returns
// "".
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

// Join returns the path of the field at path within the field at parent.
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
