package fieldpath

import (
	"strings"
	"unicode/utf8"
)

// KeySize returns how long the step to a key is with which rest, the end of a path,
// begins. It is 0 if rest begins with another step.
func KeySize(rest string) int {
	if !strings.HasPrefix(rest, openKey) {
		return 0
	}
	for i := len(openKey); i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			return i + len(closeKey)
		}
	}
	return 0
}

// stepAt returns the kind of the step that a path begins with, and how long it is, 0 if
// it is none.
func stepAt(path string, first bool) (kind Kind, size int) {
	switch {
	case first:
		return FieldStep, nameSize(path)
	case path[0] == '.':
		if size = nameSize(path[1:]); size > 0 {
			size++
		}
		return FieldStep, size
	case strings.HasPrefix(path, allText):
		return AllStep, len(allText)
	case strings.HasPrefix(path, openKey):
		return KeyStep, keySize(path)
	default:
		return FieldStep, 0
	}
}

// nameSize returns how long the name is that a path begins with.
func nameSize(path string) int {
	n := 0
	for n < len(path) && inName(path[n], n) {
		n++
	}
	return n
}

// inName reports whether c may be the i-th byte of a name.
func inName(c byte, i int) bool {
	letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	return letter || i > 0 && '0' <= c && c <= '9'
}

// keySize returns how long the step to a key is that a path begins with, 0 if it is
// spelled in a way in which no key is.
func keySize(path string) int {
	for i := len(openKey); i < len(path); {
		if path[i] == '"' {
			if !strings.HasPrefix(path[i:], closeKey) {
				return 0
			}
			return i + len(closeKey)
		}
		_, size := keyRune(path[i:])
		if size == 0 {
			return 0
		}
		i += size
	}
	return 0
}

// keyRune reads one character of a key, as [Key] writes it. The size is 0 if it is
// written differently.
func keyRune(text string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(text)
	switch {
	case r == '\\':
		return escapedRune(text)
	case r == utf8.RuneError && size <= 1, escapes(r):
		return 0, 0
	default:
		return r, size
	}
}

// escapedRune reads one escape of a key. The size is 0 if it is none, or if the
// character has another spelling.
func escapedRune(text string) (r rune, size int) {
	if len(text) > 1 && (text[1] == '"' || text[1] == '\\') {
		return rune(text[1]), 2
	}
	const long = len(`\u0000`)
	if len(text) < long || text[1] != 'u' {
		return 0, 0
	}
	for _, digit := range []byte(text[2:long]) {
		n := strings.IndexByte(digits, digit)
		if n < 0 {
			return 0, 0
		}
		r = r<<4 | rune(n) //nolint:gosec // a digit
	}
	if !hidden(r) {
		return 0, 0
	}
	return r, long
}

// digits are those of an escape.
const digits = "0123456789abcdef"

// appendRune appends a character as a key spells it.
func appendRune(b []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(b, '\\', byte(r))
	case hidden(r):
		return append(b, '\\', 'u', digits[r>>12], digits[r>>8&0xf], digits[r>>4&0xf], digits[r&0xf])
	default:
		return utf8.AppendRune(b, r)
	}
}

// unescaped returns a key without its escapes.
func unescaped(quoted string) string {
	if !strings.Contains(quoted, `\`) {
		return quoted
	}
	var b strings.Builder
	for quoted != "" {
		r, size := keyRune(quoted)
		b.WriteRune(r)
		quoted = quoted[size:]
	}
	return b.String()
}

// escapes reports whether keys spell r with an escape.
func escapes(r rune) bool { return r == '"' || r == '\\' || hidden(r) }

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
