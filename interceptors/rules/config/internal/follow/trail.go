package follow

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// trail is the way to a file: every file, folder and symbolic link on it.
type trail struct {
	// names are the full names on the way, without symbolic links but for the last
	// step of each.
	names map[string]bool
	// folders are those that the names are in. The last is that of the file.
	folders []string
	// file is where the way ends, empty if it ends before.
	file string
}

const maxLinks = 40

// trailOf goes the way to the file. Where it cannot go on, the trail ends: with the
// name that is missing, or with an error.
func trailOf(path string) (*trail, error) {
	t := &trail{names: map[string]bool{}}
	path, err := filepath.Abs(path)
	if err != nil {
		return t, err
	}
	at, steps := split(path)
	for links := 0; len(steps) > 0; {
		name := filepath.Join(at, steps[0])
		steps = steps[1:]
		if name == at || name == filepath.Dir(at) { // . and ..
			at = name
			continue
		}
		t.add(at, name)
		info, err := os.Lstat(name)
		switch {
		case isGone(err):
			return t, nil
		case err != nil:
			return t, err
		case info.Mode()&fs.ModeSymlink == 0:
			at = name
			continue
		}
		if links++; links > maxLinks {
			return t, fmt.Errorf("%s: leads over more than %d symbolic links", path, maxLinks)
		}
		to, err := os.Readlink(name)
		if err != nil {
			return t, err
		}
		root, more := split(to)
		if root != "" {
			at = root
		}
		steps = append(more, steps...)
	}
	t.file = at
	return t, nil
}

// isGone reports whether an error says that there is no such file, or no folder any
// more where it would be.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// split takes a path apart. The root is empty if the path is relative.
func split(path string) (root string, steps []string) {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		root = filepath.VolumeName(path) + string(filepath.Separator)
		path = path[len(root):]
	}
	return root, strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}

// leadsOver reports whether a name is one on the way.
func (t *trail) leadsOver(name string) bool { return t.names[filepath.Clean(name)] }

func (t *trail) add(folder, name string) {
	t.names[name] = true
	t.folders = slices.DeleteFunc(t.folders, func(f string) bool { return f == folder })
	t.folders = append(t.folders, folder)
}
