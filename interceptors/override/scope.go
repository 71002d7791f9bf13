package override

import (
	"fmt"
	"strings"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// Scope says which policies are meant: those for which all of its fields hold. A field that
// is empty holds for all. The zero Scope is not valid, so that nobody means everything by
// mistake. Scopes can be compared with ==.
type Scope struct {
	// Everything is set, and nothing else, to mean all policies.
	Everything bool
	// Kind is the kind of the policies, such as "breaker".
	Kind string
	// Side is the side of their calls: "client", "server" or "local".
	Side string
	// Target is the target of a client's connection, whatever the connection's name, or a
	// target with the name of one connection.
	Target string
	// Name is whose calls the policies guard, as rules.Live has it: a method, a service as
	// "/pkg.Service/" for what its methods share, "*" for what all calls to a target share,
	// a compartment. "/pkg.Service/*" means all policies of a service and of its methods,
	// "/pkg.*" those of a package and of the packages below it.
	Name string
	// Rule is the Match of the rule that configures the policies.
	Rule string
}

// Subject is a policy as a [Scope] sees it. Its fields are those of rules.Live.
type Subject struct {
	Kind         string
	Side         policy.Side
	Target, Name string
	Rule         string
}

// Matches reports whether the policy is meant.
func (s Scope) Matches(p Subject) bool {
	if s.Everything {
		return true
	}
	return holds(s.Kind, p.Kind) && (s.Side == "" || s.Side == p.Side.String()) &&
		holds(s.Rule, p.Rule) && s.isTarget(p.Target) && s.names(p.Name)
}

// holds reports whether a field holds for a value.
func holds(field, value string) bool { return field == "" || field == value }

// isTarget reports whether the scope's target holds for that of a policy.
func (s Scope) isTarget(target string) bool {
	if holds(s.Target, target) {
		return true
	}
	plain, connection := policy.SplitTarget(target)
	return connection != "" && plain == s.Target
}

// names reports whether the scope's name holds for that of a policy.
func (s Scope) names(name string) bool {
	if holds(s.Name, name) {
		return true
	}
	prefix, isPattern := strings.CutSuffix(s.Name, "*")
	return isPattern && len(prefix) > 1 && (strings.HasSuffix(prefix, "/") || strings.HasSuffix(prefix, ".")) &&
		strings.HasPrefix(name, prefix)
}

// String returns the scope in words, such as "breaker /shop.Users/Get at dns:///users".
func (s Scope) String() string {
	if s.Everything {
		return "everything"
	}
	var words []string
	add := func(format, word string) {
		if word != "" {
			words = append(words, fmt.Sprintf(format, word))
		}
	}
	add("%s", s.Kind)
	add("%s", s.Name)
	add("at %s", s.Target)
	add("by rule %s", s.Rule)
	add("on the %s side", s.Side)
	return strings.Join(words, " ")
}

// The longest that the fields of a scope may be.
const (
	maxKind   = 64
	maxName   = 512
	maxTarget = 4096
)

// check notes what is wrong with the scope.
func (s Scope) check(f *validate.Faults) {
	f.Require(s != Scope{}, "scope", "empty", "named by one field at least; to mean all policies, set everything")
	f.Require(!s.Everything || s == Scope{Everything: true}, "everything", true, "alone: leave out the other fields of the scope")
	switch s.Side {
	case "", policy.Client.String(), policy.Server.String(), policy.Local.String():
	default:
		f.Require(false, "side", fmt.Sprintf("%q", excerpt.Within(s.Side, maxKind)), "client, server or local")
	}
	for _, field := range []struct {
		name, value string
		most        int
	}{
		{"kind", s.Kind, maxKind}, {"target", s.Target, maxTarget}, {"name", s.Name, maxName}, {"rule", s.Rule, maxName},
	} {
		checkText(f, field.name, field.value, field.most, true)
	}
}

// checkText requires that a text has at most so many bytes, all of which can be seen.
func checkText(f *validate.Faults, field, text string, most int, mayBeEmpty bool) {
	const shown = 128
	given := fmt.Sprintf("%q", excerpt.Within(text, shown))
	switch {
	case text == "":
		f.Require(mayBeEmpty, field, `""`, "a text")
	case len(text) > most:
		f.Require(false, field, given, fmt.Sprintf("of at most %d bytes", most))
	default:
		f.Require(names.Shown(text) == text, field, given, "one line of characters that can be seen")
	}
}
