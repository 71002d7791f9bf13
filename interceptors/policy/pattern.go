package policy

import (
	"fmt"
	"strings"
)

// pattern is a parsed Rule.Match.
type pattern struct {
	kind patternKind
	// text is the method, the service with its slashes ("/pkg.Service/"), or the
	// package prefix ("/pkg.").
	text string
}

type patternKind uint8

const (
	exactPattern patternKind = iota
	servicePattern
	packagePattern
	anyPattern
)

const patternForms = `must be "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" or "*"`

// parsePattern refuses whatever is none of the four forms.
func parsePattern(match string) (pattern, error) {
	if match == "*" {
		return pattern{kind: anyPattern}, nil
	}
	malformed := fmt.Errorf("policy: match = %q; %s", match, patternForms)
	rest, ok := strings.CutPrefix(match, "/")
	if !ok {
		return pattern{}, malformed
	}
	service, method, isMethod := strings.Cut(rest, "/")
	switch {
	case isMethod && method == "*" && plain(service):
		return pattern{servicePattern, "/" + service + "/"}, nil
	case isMethod && plain(service) && plain(method):
		return pattern{exactPattern, match}, nil
	case !isMethod && strings.HasSuffix(rest, ".*") && plain(strings.TrimSuffix(rest, ".*")):
		return pattern{packagePattern, strings.TrimSuffix(match, "*")}, nil
	default:
		return pattern{}, malformed
	}
}

// plain reports whether s can be a name: not empty, and nothing in it that
// would make it look like a pattern or another path segment.
func plain(s string) bool {
	return s != "" && !strings.ContainsAny(s, "*/ \t\r\n")
}

// serviceOf returns "/pkg.Service/" of "/pkg.Service/Method", the whole of
// what is no method.
func serviceOf(method string) string {
	if i := strings.LastIndexByte(method, '/'); i > 0 {
		return method[:i+1]
	}
	return method
}
