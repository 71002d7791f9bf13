package fieldpath

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// nextStep takes the first step off a path.
func nextStep(path string, first bool) (s Step, rest string, ok bool) {
	switch {
	case first:
		return fieldAt(path)
	case path[0] == '.':
		return fieldAt(path[1:])
	case strings.HasPrefix(path, "[*]"):
		return Step{Kind: AllStep}, path[len("[*]"):], true
	case strings.HasPrefix(path, `["`):
		return keyAt(path[len(`["`):])
	default:
		return Step{}, "", false
	}
}

// fieldAt reads a name.
func fieldAt(path string) (s Step, rest string, ok bool) {
	n := 0
	for n < len(path) && inName(path[n], n) {
		n++
	}
	return Step{FieldStep, path[:n]}, path[n:], n > 0
}

// inName reports whether c may be the i-th byte of a name.
func inName(c byte, i int) bool {
	letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	return letter || i > 0 && '0' <= c && c <= '9'
}

// keyAt reads a key, from after its opening quote up to and including the
// closing one.
func keyAt(path string) (s Step, rest string, ok bool) {
	var key strings.Builder
	for rest = path; rest != ""; {
		if after, ends := strings.CutPrefix(rest, `"]`); ends {
			return Step{KeyStep, key.String()}, after, true
		}
		r, size := keyRune(rest)
		if size == 0 {
			break
		}
		key.WriteRune(r)
		rest = rest[size:]
	}
	return Step{}, "", false
}

// keyRune reads one character of a key, as [Key] writes it. The size is 0
// if it is written differently.
func keyRune(text string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(text)
	if r == '\\' {
		for _, n := range [...]int{len(`\"`), len(`\u0000`)} {
			if n <= len(text) {
				if c, ok := unescaped(text[:n]); ok {
					return c, n
				}
			}
		}
		return 0, 0
	}
	if r == utf8.RuneError && size <= 1 || escaped(r) != "" {
		return 0, 0
	}
	return r, size
}

// escaped returns how a key spells r, or "" if r needs no escape.
func escaped(r rune) string {
	switch {
	case r == '"' || r == '\\':
		return `\` + string(r)
	case hidden(r):
		return fmt.Sprintf(`\u%04x`, r)
	default:
		return ""
	}
}

// hidden reports whether r acts on a text instead of being visible in it: it
// ends a line, controls a terminal, or changes the reading direction. The set
// is written out, so that it is the same in every version of Go. All of it is
// below U+10000.
func hidden(r rune) bool {
	switch {
	case r < ' ', 0x7f <= r && r <= 0x9f: // control characters
	case 0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f, r == 0xfeff:
	default:
		return false
	}
	return true
}

// unescaped returns the character that text spells, and whether that is its only
// spelling.
func unescaped(text string) (r rune, ok bool) {
	if len(text) == len(`\"`) {
		r = rune(text[1])
	} else if n, err := strconv.ParseUint(text[len(`\u`):], 16, 16); err == nil {
		r = rune(n)
	}
	return r, escaped(r) == text
}
