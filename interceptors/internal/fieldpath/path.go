// Package fieldpath reads, writes and checks the paths of fields of messages, such as
// items[*].price. The docs of package degrade give their grammar.
//
// The errors begin with "degrade:", because that is the package from which users
// know paths.
package fieldpath

import (
	"fmt"
	"iter"
	"strings"
)

// Bounds of a path, in bytes and in steps.
const (
	MaxBytes = 256
	MaxSteps = 16
)

// Path is a path that was taken apart. The zero Path is the empty one, the whole
// message. It holds no pointers but to its text, so that taking a path apart allocates
// nothing.
type Path struct {
	text  string
	ends  [MaxSteps]uint16
	kinds [MaxSteps]Kind
	n     int
}

// Scan takes a path apart and reports whether it is one. It allocates nothing.
func Scan(path string) (p Path, ok bool) {
	if len(path) > MaxBytes {
		return Path{}, false
	}
	p.text = path
	return p, p.scan() == len(path)
}

// Parse takes a path apart, or says what is wrong with it.
func Parse(path string) (Path, error) {
	if len(path) > MaxBytes {
		return Path{}, fmt.Errorf("degrade: path = %.32q…, %d bytes; must be at most %d", path, len(path), MaxBytes)
	}
	p := Path{text: path}
	read := p.scan()
	if read == len(path) {
		return p, nil
	}
	if _, size := stepAt(path[read:], read == 0); size > 0 {
		return Path{}, fmt.Errorf("degrade: path = %q; must have at most %d steps", path, MaxSteps)
	}
	return Path{}, fmt.Errorf(`degrade: path = %q, wrong at byte %d; must be like a.b, a[*].b or a["key"]`, path, read)
}

// scan takes the text apart as far as it goes and returns how many bytes it has read.
func (p *Path) scan() (read int) {
	for read < len(p.text) && p.n < MaxSteps {
		kind, size := stepAt(p.text[read:], read == 0)
		if size == 0 {
			break
		}
		read += size
		p.ends[p.n], p.kinds[p.n] = uint16(read), kind //nolint:gosec // at most MaxBytes
		p.n++
	}
	return read
}

// Check returns an error if path is malformed, longer than [MaxBytes] or deeper than
// [MaxSteps].
func Check(path string) error {
	_, err := Parse(path)
	return err
}

// Len returns the number of steps.
func (p *Path) Len() int { return p.n }

// Step returns the i-th step, from 0.
func (p *Path) Step(i int) Step {
	return Step{Kind: p.kinds[i], text: p.text[len(p.Head(i)):p.ends[i]]}
}

// Head returns the path of the first n steps.
func (p *Path) Head(n int) string {
	if n == 0 {
		return ""
	}
	return p.text[:p.ends[n-1]]
}

// Tail returns the text behind the first n steps.
func (p *Path) Tail(n int) string { return p.text[len(p.Head(n)):] }

// Join returns the path of the field at path within the field at parent.
func Join(parent, path string) string {
	if parent == "" || path == "" {
		return parent + path
	}
	return parent + "." + path
}

// Elements returns the path of all elements of the list or map at path.
func Elements(path string) string { return path + allText }

// Key returns the path of one value of the map at path. In a key that is not valid
// UTF-8, U+FFFD replaces the invalid bytes.
func Key(path, key string) string {
	var b strings.Builder
	b.Grow(len(path) + len(openKey) + len(key) + len(closeKey))
	b.WriteString(path)
	b.WriteString(openKey)
	var spelled [len(`\u0000`)]byte
	for _, r := range key {
		b.Write(appendRune(spelled[:0], r))
	}
	b.WriteString(closeKey)
	return b.String()
}

// Unkeyed returns path with [*] in place of every key, for logs and traces: keys may
// be personal, and their number is unbounded. For a malformed path it returns "".
func Unkeyed(path string) string {
	p, ok := Scan(path)
	if !ok {
		return ""
	}
	var b strings.Builder
	for i := range p.Len() {
		if s := p.Step(i); s.Kind == KeyStep {
			b.WriteString(allText)
		} else {
			b.WriteString(s.text)
		}
	}
	return b.String()
}

// Ancestors yields the paths that cover path, see [Covers]: the outermost first, the path
// itself last.
func Ancestors(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if path != "" && !yield("") {
			return
		}
		for i := 1; i < len(path); i++ {
			if (path[i] == '.' || path[i] == '[') && !yield(path[:i]) {
				return
			}
		}
		yield(path)
	}
}

// Covers reports whether path is the field at ancestor or lies within it.
func Covers(ancestor, path string) bool {
	rest, ok := strings.CutPrefix(path, ancestor)
	return ok && (ancestor == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}
