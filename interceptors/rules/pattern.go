package rules

import (
	"errors"
	"fmt"
	"strings"
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
// The error lists the valid forms.
func CheckMatch(match string) error {
	if _, err := parsePattern(match); err != nil {
		return errForm
	}
	return nil
}

// parsePattern refuses whatever is none of the four forms.
func parsePattern(match string) (pattern, error) {
	if match == "*" {
		return pattern{anyPattern, anyText}, nil
	}
	malformed := fmt.Errorf("rules: match = %q; %w", match, errForm)
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

// covers reports whether every method that q matches is matched by p too.
func (p pattern) covers(q pattern) bool {
	switch p.kind {
	case anyPattern:
		return true
	case packagePattern, servicePattern:
		return q.kind <= p.kind && strings.HasPrefix(q.text, p.text)
	default:
		return p == q
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
