package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// shareable is the message of a policy that can be in a compartment.
type shareable interface {
	proto.Message
	GetScope() policyv1.Scope
	GetCompartment() string
}

// kind is a kind of policies that can be in a compartment.
type kind[M shareable] struct {
	// field is the name of its field in rules and in compartments.
	field string
	// in is that of a compartment.
	in func(*policyv1.Compartment) M
	// template makes the template of a message.
	template func(M) rules.Template
}

//nolint:gochecknoglobals // constants
var (
	breakers   = kind[*policyv1.Breaker]{"breaker", (*policyv1.Compartment).GetBreaker, breakerTemplate}
	bulkheads  = kind[*policyv1.Bulkhead]{"bulkhead", (*policyv1.Compartment).GetBulkhead, bulkheadTemplate}
	rateLimits = kind[*policyv1.RateLimit]{"rate_limit", (*policyv1.Compartment).GetRateLimit, rateLimitTemplate}
)

// put makes the template of a policy of the rule at the path: in its scope, or in a
// compartment, which then has the configuration.
func put[M shareable](c *compiler, path string, m M, k kind[M]) rules.Template {
	path = strictyaml.Field(path, k.field)
	name := m.GetCompartment()
	if name == "" {
		return try(c, path, m, k.template(m)).Per(c.scope(path, m))
	}
	for _, other := range given(m) {
		if other != "compartment" {
			c.remark(strictyaml.Field(path, other), "must be left out: it is that of compartment "+strictyaml.Quoted(name))
		}
	}
	shared := k.in(c.compartments[name])
	if !shared.ProtoReflect().IsValid() {
		f := c.about(m, path, "compartment", choice(c, name, k))
		f.compartment = strictyaml.Key("compartments", name)
		c.findings = append(c.findings, f)
		return rules.Template{}
	}
	return k.template(shared).In(name)
}

// names are the names of the compartments that have a policy of the kind.
func (k kind[M]) names(all map[string]*policyv1.Compartment) []string {
	var names []string
	for name, c := range all {
		if k.in(c).ProtoReflect().IsValid() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// maxSought is for how many unknown names a similar compartment is looked for. That
// takes a while if there are many compartments, and so many wrong names are not typing
// errors.
const maxSought = 20

// choice says what a compartment must be.
func choice[M shareable](c *compiler, name string, k kind[M]) string {
	what := "must be a compartment with a " + k.field
	if c.sought++; c.sought > maxSought {
		return what
	}
	return choices(name, k.names(c.compartments), what)
}

// choices lists what there is to choose from, or what was probably meant.
func choices(text string, names []string, what string) string {
	const most = 10
	switch near := strictyaml.Nearest(text, names); {
	case near != "":
		return what + "; did you mean " + near + "?"
	case len(names) == 0:
		return what + "; there is none"
	case len(names) > most:
		return fmt.Sprintf("%s; there are: %s and %d more", what, strings.Join(names[:most], ", "), len(names)-most)
	default:
		return what + "; there are: " + strings.Join(names, ", ")
	}
}

// checkCompartments checks the compartments themselves.
func (c *compiler) checkCompartments() {
	for _, name := range slices.Sorted(maps.Keys(c.compartments)) {
		path := strictyaml.Key("compartments", name)
		if name == "" {
			c.remark(path, "must have a name")
		}
		define(c, path, c.compartments[name], breakers)
		define(c, path, c.compartments[name], bulkheads)
		define(c, path, c.compartments[name], rateLimits)
	}
}

// define checks the policy of a kind in a compartment, if there is one.
func define[M shareable](c *compiler, path string, in *policyv1.Compartment, k kind[M]) {
	m := k.in(in)
	if !m.ProtoReflect().IsValid() {
		return
	}
	path = strictyaml.Field(path, k.field)
	for _, name := range given(m) {
		if name == "scope" || name == "compartment" {
			c.remark(strictyaml.Field(path, name), "must be left out in a compartment")
		}
	}
	try(c, path, m, k.template(m))
}

// given are the names of the fields of m that are set.
func given(m proto.Message) []string {
	var names []string
	fields := m.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if fd := fields.Get(i); m.ProtoReflect().Has(fd) {
			names = append(names, string(fd.Name()))
		}
	}
	return names
}
