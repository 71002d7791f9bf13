package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/afloat-go/afloat/interceptors/internal/names"
)

// pattern is a parsed Rule.Match.
type pattern struct {
	kind patternKind
	// text is the method, the service with its slashes ("/pkg.Service/"), the
	// package prefix ("/pkg."), or anyText.
	text string
}

type patternKind uint8

const (
	exactPattern patternKind = iota
	servicePattern
	packagePattern
	anyPattern
)

const anyText = "*"

// errForm says what the forms of a pattern are.
var errForm = errors.New(`must be "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" or "*"`)

// CheckMatch returns an error if match is not valid as the Match of a [Rule].
// The error lists the valid forms, and names a character that no method has.
func CheckMatch(match string) error {
	_, err := parsePattern(match)
	return err
}

// parsePattern refuses whatever is none of the four forms, and what no call can match. The
// error does not repeat the pattern.
func parsePattern(match string) (pattern, error) {
	p, ok := formOf(match)
	switch {
	case len(match) > MaxMethodBytes:
		return pattern{}, fmt.Errorf("is of %d bytes, of which there must be at most %d; %w", len(match), MaxMethodBytes, errForm)
	case strings.ContainsAny(match, " \t\r\n"):
		return pattern{}, errForm // they are seen
	}
	if err := names.Check(match); err != nil {
		return pattern{}, fmt.Errorf("%w; a method's name is %s; %w", err, names.Allowed, errForm)
	}
	if !ok {
		return pattern{}, errForm
	}
	return p, nil
}

// formOf takes apart what has one of the four forms.
func formOf(match string) (p pattern, ok bool) {
	if match == anyText {
		return pattern{anyPattern, anyText}, true
	}
	rest, ok := strings.CutPrefix(match, "/")
	if !ok {
		return pattern{}, false
	}
	service, method, isMethod := strings.Cut(rest, "/")
	switch {
	case isMethod && method == "*" && plain(service):
		return pattern{servicePattern, match[:len(match)-1]}, true
	case isMethod && plain(service) && plain(method):
		return pattern{exactPattern, match}, true
	case !isMethod && strings.HasSuffix(rest, ".*") && plain(strings.TrimSuffix(rest, ".*")):
		return pattern{packagePattern, match[:len(match)-1]}, true
	default:
		return pattern{}, false
	}
}

// plain reports whether s can be a name: not empty, and nothing in it that
// would make it look like a pattern or another path segment.
func plain(s string) bool { return s != "" && !strings.ContainsAny(s, "*/") }

// serviceOf returns "/pkg.Service/" of "/pkg.Service/Method", the whole of
// what is no method.
func serviceOf(method string) string {
	if i := strings.LastIndexByte(method, '/'); i > 0 {
		return method[:i+1]
	}
	return method
}
