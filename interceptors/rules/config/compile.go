package config

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// compiler makes policies of messages and notes what is wrong with them.
type compiler struct {
	origin

	compartments map[string]*policyv1.Compartment
	findings     []*finding
	// sought is for how many unknown names a similar compartment was looked for.
	sought int
}

// wrong notes what is wrong with the value of a field of m, which is at the path.
func (c *compiler) wrong(m proto.Message, path, name, problem string) {
	c.findings = append(c.findings, c.about(m, path, name, problem))
}

// about says what is wrong with the value of a field.
func (c *compiler) about(m proto.Message, path, name, problem string) *finding {
	path = strictyaml.Field(path, name)
	f := findingAt(c.origin, path, problem)
	f.value = c.textOf(m.ProtoReflect(), path, name)
	if f.value == "" {
		f.problem, f.missing = "is missing; "+problem, true
	}
	return f
}

// remark notes what is wrong with what is at the path.
func (c *compiler) remark(path, problem string) {
	c.findings = append(c.findings, findingAt(c.origin, path, problem))
}

// policies makes the templates of the rule at the path.
func (c *compiler) policies(path string, r *policyv1.Rule) []rules.Template {
	var all []rules.Template
	if m := r.GetTimeout(); m != nil {
		all = append(all, try(c, strictyaml.Field(path, "timeout"), m, timeoutTemplate(m)))
	}
	if m := r.GetBreaker(); m != nil {
		all = append(all, put(c, path, m, breakers))
	}
	if m := r.GetBulkhead(); m != nil {
		all = append(all, put(c, path, m, bulkheads))
	}
	if m := r.GetRateLimit(); m != nil {
		all = append(all, put(c, path, m, rateLimits))
	}
	if m := r.GetFault(); m != nil {
		all = append(all, c.faultOf(strictyaml.Field(path, "fault"), m))
	}
	return all
}

// try checks the configuration of a template, whose fields have the names of the
// message's.
func try(c *compiler, path string, m proto.Message, t rules.Template) rules.Template {
	_, err := t.New(rules.Key{Observer: policy.NopObserver{}})
	for f := range validate.Each(err) {
		allowed := "must be " + short.Replace(f.Allowed)
		switch fd := m.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(f.Field)); {
		case fd == nil: // it is about several
			c.remark(path, fmt.Sprintf("%s are %v; %s", f.Field, f.Value, allowed))
		case f.Field == "failure_ratio", f.Field == "consecutive_failures":
			c.wrong(m, path, f.Field, allowed+", or 0 for off")
		default:
			c.wrong(m, path, f.Field, allowed)
		}
	}
	return t
}

// short writes durations as people do.
var short = strings.NewReplacer("h0m0s", "h", "m0s", "m") //nolint:gochecknoglobals // a constant

// faultOf makes the template of a fault, whose code has a name here.
func (c *compiler) faultOf(path string, m *policyv1.Fault) rules.Template {
	if _, ok := codeOf(m.GetAbort()); !ok {
		c.wrong(m, path, "abort", "must be the name of a status code, as in UNAVAILABLE")
		m = proto.CloneOf(m)
		m.Abort = "" // as if it were right
		if !m.GetHeaders() {
			m.Abort = "UNAVAILABLE"
		}
	}
	return try(c, path, m, faultTemplate(m)).Per(c.scope(path, m))
}

// scope is what shares a policy that is in no compartment.
func (c *compiler) scope(path string, m interface {
	proto.Message
	GetScope() policyv1.Scope
},
) rules.Scope {
	switch m.GetScope() {
	case policyv1.Scope_SCOPE_UNSPECIFIED, policyv1.Scope_SCOPE_PER_METHOD:
	case policyv1.Scope_SCOPE_PER_SERVICE:
		return rules.PerService
	case policyv1.Scope_SCOPE_PER_TARGET:
		return rules.PerTarget
	default:
		c.wrong(m, path, "scope", "must be per_method, per_service or per_target")
	}
	return rules.PerMethod
}
