package config

import "strings"

// unread is the parts of a file that could not be read: their paths, and those of
// the messages that contain them.
type unread struct{ paths, parents map[string]bool }

func (p *Parsed) unread() unread {
	u := unread{map[string]bool{}, map[string]bool{}}
	for _, f := range p.findings {
		u.paths[f.path] = true
		u.parents[parent(f.path)] = true
	}
	return u
}

// explains reports whether a finding in the file exists only because something
// could not be read: the value itself, what it is part of, or a field that may have
// been meant for it.
func (u unread) explains(f *finding) bool {
	return u.covers(f.path) || f.missing && u.parents[parent(f.path)] || u.hides(f)
}

// hides reports whether a finding, in whatever source, is about a compartment of the
// file that could not be read.
func (u unread) hides(f *finding) bool {
	return f.compartment != "" && (u.covers(f.compartment) || u.parents[f.compartment])
}

// covers reports whether the value at the path could not be read, or what it is part
// of.
func (u unread) covers(path string) bool {
	for !u.paths[path] {
		if path == "" {
			return false
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return true
}

// parent is the path of the message that a field is of.
func parent(path string) string { return path[:max(0, strings.LastIndexByte(path, '.'))] }
