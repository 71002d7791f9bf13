package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/structs"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// The bounds of rules.
const (
	maxRules        = 10_000
	maxCompartments = 1000
)

// Compile makes rules of messages, for [Set.Apply] or rules.New. It reports all faults at
// once.
func Compile(m *policyv1.Rules, custom ...KindOption) ([]rules.Rule, error) {
	all, err := table(custom)
	if err != nil {
		return nil, err
	}
	c := compiler{origin: origin{source: Code}, kinds: all, compartments: m.GetCompartments()}
	merged, twice := merge(c.rules(m))
	if err := join(append(c.findings, twice...)); err != nil {
		return nil, err
	}
	return rulesOf(merged), nil
}

// compiler makes policies of messages and notes what is wrong with them.
type compiler struct {
	origin

	kinds        kinds
	files        *protoregistry.Files // nil: those that are linked
	compartments map[string]*policyv1.Compartment
	findings     []*finding
	made         templates
	// sought is for how many unknown names a similar one was looked for.
	sought int
}

// rules compiles all rules.
func (c *compiler) rules(m *policyv1.Rules) []statement {
	if n := len(m.GetCompartments()); n > maxCompartments {
		c.remark("compartments", fmt.Sprintf("are %d; must be at most %d", n, maxCompartments))
		return nil
	}
	if n := len(m.GetRules()); n > maxRules {
		c.remark("rules", fmt.Sprintf("are %d; must be at most %d", n, maxRules))
		return nil
	}
	c.checkCompartments()
	var all []statement
	for i, r := range m.GetRules() {
		path := strictyaml.Index("rules", i)
		s := c.rule(path, r.GetMatch(), r)
		if err := rules.CheckMatch(r.GetMatch()); err != nil {
			c.wrong(r, path, "match", err.Error())
			continue
		}
		all = append(all, s)
	}
	return all
}

// rule compiles the rule at the path.
func (c *compiler) rule(path, match string, r *policyv1.Rule) statement {
	s := statement{origin: c.origin, path: path, Rule: rules.Rule{
		Match: match, Target: r.GetTarget(), Shadow: r.GetShadow(), Policies: c.policies(path, r),
		Criticality: criticality.Class(r.GetCriticality()), //nolint:gosec // checked below
	}}
	if problem := problemOfClass(r); problem != "" {
		c.wrong(r, path, "criticality", problem)
	}
	var known bool
	if s.Sides, known = sidesOf(r.GetSide()); !known {
		c.wrong(r, path, "side", "must be client, server or local")
	}
	conditionReader{c, r.GetConditions(), path}.readInto(&s)
	if s.Target != "" && s.Sides != nil && s.Sides[0] != policy.Client {
		c.wrong(r, path, "target", "must be left out: only clients have targets")
	}
	if problem := problemOf(s.Target); problem != "" {
		c.wrong(r, path, "target", problem)
	}
	return s
}

// policies makes the templates of the rule at the path.
func (c *compiler) policies(path string, r *policyv1.Rule) []rules.Template {
	c.checkCustom(path, r)
	var all []rules.Template
	for _, k := range c.kinds {
		for at, m := range k.in(path, r) {
			all = append(all, c.policy(k, at, m, r.GetShadow()))
		}
	}
	return all
}

// policy makes the template of the policy at the path: in its scope, or in a
// compartment, which then has the configuration.
func (c *compiler) policy(k kind, path string, m proto.Message, shadow bool) rules.Template {
	name := compartmentOf(m)
	if name == "" {
		c.checkShadow(k, path, m, shadow)
		k.check(c, path, m)
		return c.scoped(c.made.of(k, m), path, m)
	}
	for _, other := range given(m) {
		if other != "compartment" && other != "name" {
			c.remark(strictyaml.Field(path, other), "must be left out: it is that of compartment "+strictyaml.Quoted(name))
		}
	}
	shared := inside(c.compartments[name], k)
	if shared == nil {
		f := c.about(m, path, "compartment", c.choice(name, func() []string { return c.compartmentsWith(k) }, "must be a compartment with a "+k.name()))
		f.compartment = strictyaml.Key("compartments", name)
		c.findings = append(c.findings, f)
		return rules.Template{}
	}
	c.checkShadow(k, path, shared, shadow)
	return c.made.of(k, shared).In(name)
}

// checkShadow refuses a policy of a shadow rule that cannot only watch.
func (c *compiler) checkShadow(k kind, path string, m proto.Message, shadow bool) {
	if problem := k.unwatchable(m); shadow && problem != "" {
		c.remark(path, problem)
	}
}

// checkCustom refuses custom policies of kinds that nobody registered.
func (c *compiler) checkCustom(path string, holder proto.Message) {
	names := c.kinds.customNames()
	for i, m := range customsOf(holder) {
		at := strictyaml.Index(strictyaml.Field(path, "custom"), i)
		if !slices.Contains(names, m.GetName()) {
			c.wrong(m, at, "name", c.choice(m.GetName(), c.kinds.customNames, "must be a kind that the program registered"))
		}
	}
}

// checkCompartments checks the compartments themselves.
func (c *compiler) checkCompartments() {
	for _, name := range slices.Sorted(maps.Keys(c.compartments)) {
		path := strictyaml.Key("compartments", name)
		if name == "" {
			c.remark(path, "must have a name")
		}
		if err := names.CheckLabel(name); err != nil {
			c.remark(path, fmt.Sprintf("has a name that must be %s; %v", names.LabelAllowed, err))
		}
		c.checkCustom(path, c.compartments[name])
		for _, k := range c.kinds {
			first := ""
			for at, m := range k.in(path, c.compartments[name]) {
				c.checkShared(k, at, m)
				if first != "" {
					c.remark(at, fmt.Sprintf("is a %s like %s; there must be one in a compartment", k.name(), first))
				}
				first = cmp.Or(first, at)
			}
		}
	}
}

// checkShared checks the policy at the path, in a compartment.
func (c *compiler) checkShared(k kind, path string, m proto.Message) {
	for _, name := range given(m) {
		if name == "scope" || name == "compartment" {
			c.remark(strictyaml.Field(path, name), "must be left out in a compartment")
		}
	}
	k.check(c, path, m)
}

// compartmentsWith returns the names of the compartments that have a policy of a kind.
func (c *compiler) compartmentsWith(k kind) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(c.compartments)) {
		if inside(c.compartments[name], k) != nil {
			names = append(names, name)
		}
	}
	return names
}

// maxSought is for how many unknown names a similar one is looked for. That takes a
// while if there are many, and so many wrong names are not typing errors.
const maxSought = 20

// choice lists what there is to choose from, or what was probably meant by the text.
func (c *compiler) choice(text string, all func() []string, what string) string {
	const most = 10
	if c.sought++; c.sought > maxSought {
		return what
	}
	names := all()
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

// try checks the configuration of a template, whose fields have the names of the
// message's.
func (c *compiler) try(path string, m proto.Message, t rules.Template) {
	_, err := t.New(trialKey)
	for f := range validate.Each(err) {
		allowed := "must be " + spelled(f.Allowed, c.origin)
		if fieldOf(m, f.Field) == nil { // it is about several
			c.remark(path, fmt.Sprintf("%s are %v; %s", f.Field, f.Value, allowed))
			continue
		}
		c.wrong(m, path, f.Field, allowed)
	}
}

//nolint:gochecknoglobals // constants
var (
	// trialKey is the key of policies that are made to check their configurations.
	trialKey = rules.Key{Observer: policy.NopObserver{}}
	// short writes durations as people do.
	short = strings.NewReplacer("h0m0s", "h", "m0s", "m")
)

// scoped returns the template of the policy at the path, which is in no compartment, in
// the scope that the policy names, if such a policy can name one.
func (c *compiler) scoped(t rules.Template, path string, m proto.Message) rules.Template {
	scoped, ok := m.(interface{ GetScope() policyv1.Scope })
	if !ok {
		return t
	}
	switch scoped.GetScope() {
	case policyv1.Scope_SCOPE_UNSPECIFIED:
		return t
	case policyv1.Scope_SCOPE_PER_METHOD:
	case policyv1.Scope_SCOPE_PER_SERVICE:
		return t.Per(rules.PerService)
	case policyv1.Scope_SCOPE_PER_TARGET:
		return t.Per(rules.PerTarget)
	default:
		c.wrong(m, path, "scope", "must be per_method, per_service or per_target")
	}
	return t.Per(rules.PerMethod)
}

// wrong notes what is wrong with the value of a field of m, which is at the path.
func (c *compiler) wrong(m proto.Message, path, name, problem string) {
	c.findings = append(c.findings, c.about(m, path, name, problem))
}

// about returns what is wrong with the value of a field.
func (c *compiler) about(m proto.Message, path, name, problem string) *finding {
	return c.at(strictyaml.Field(path, name), written(m, name), problem)
}

// wrongField notes what is wrong with a field of the configuration of a custom policy.
func (c *compiler) wrongField(config *structpb.Struct, path string, e *rules.FieldError) {
	c.findings = append(c.findings, c.at(strictyaml.Field(path, e.Field), structs.Text(config, e.Field), "must be "+e.Allowed))
}

// at returns what is wrong with a value at the path, which is missing if it is empty.
func (c *compiler) at(path, value, problem string) *finding {
	f := findingAt(c.origin, path, problem)
	if f.value = c.written(path, value); f.value == "" {
		f.problem, f.missing = "is missing; "+problem, true
	}
	return f
}

// remark notes what is wrong with what is at the path.
func (c *compiler) remark(path, problem string) {
	c.findings = append(c.findings, findingAt(c.origin, path, problem))
}
