package below

import "slices"

// maxNodes bounds how many errors of one tree are looked at.
const maxNodes = 1000

// Any reports whether any error in err's tree matches. It also returns true where it
// cannot tell: if there are more errors than can be looked at, or if one panics.
func Any(err error, matches func(error) bool) (found bool) {
	defer func() {
		if recover() != nil {
			found = true
		}
	}()
	w := walk{matches: matches, left: maxNodes}
	return w.any(err)
}

// walk is a way through a tree of errors.
type walk struct {
	matches func(error) bool
	left    int // how many errors may still be looked at
}

// any reports whether err or what it wraps matches.
func (w *walk) any(err error) bool {
	for err != nil {
		if w.left--; w.left < 0 || w.matches(err) {
			return true
		}
		switch wraps := err.(type) { //nolint:errorlint // this is the walk
		case interface{ Unwrap() error }:
			err = wraps.Unwrap()
		case interface{ Unwrap() []error }:
			return slices.ContainsFunc(wraps.Unwrap(), w.any)
		default:
			return false
		}
	}
	return false
}
