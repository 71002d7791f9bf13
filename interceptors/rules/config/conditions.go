package config

import (
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/condition"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// conditionReader reads the conditions of the rule at the path.
type conditionReader struct {
	*compiler

	conditions []*policyv1.Condition
	path       string
}

// readInto puts the conditions into the statement of the rule, and notes what is wrong with
// them.
func (r conditionReader) readInto(s *statement) {
	if len(r.conditions) == 0 {
		return
	}
	if s.Shadow {
		r.remark(strictyaml.Field(r.path, "conditions"), "must be left out in a shadow rule: those of the rule in force decide")
		return
	}
	unread := map[int]bool{}
	for i, m := range r.conditions {
		c, ok := r.condition(i, m)
		s.Conditions, unread[i] = append(s.Conditions, c), !ok
	}
	list, err := condition.New(condition.Calls{Match: s.Match, Sides: s.sides(), Files: r.files}, s.Conditions)
	for f := range condition.FaultsIn(err) {
		if !unread[f.At] || f.Field != "" && f.Field != "codes" {
			r.wrongIn(f)
		}
	}
	s.warn(list)
}

// condition returns a condition, and false if there is something in it that says nothing.
func (r conditionReader) condition(i int, m *policyv1.Condition) (c condition.Condition, ok bool) {
	c = condition.Condition{
		Name: m.GetName(), Verdict: verdictOf(m.GetVerdict()),
		Reason: m.GetReason(), Domain: m.GetDomain(),
		MessagePrefix: m.GetMessagePrefix(), MessageContains: m.GetMessageContains(),
		Response: condition.Response{Path: m.GetResponse().GetPath(), Values: m.GetResponse().GetValues()},
		Header:   condition.Metadata{Key: m.GetHeader().GetKey(), Values: m.GetHeader().GetValues()},
		Trailer:  condition.Metadata{Key: m.GetTrailer().GetKey(), Values: m.GetTrailer().GetValues()},
		Always:   m.GetAlways(),
	}
	if m.Sent != nil {
		c.Sent = policy.FactOf(m.GetSent())
	}
	path := strictyaml.Index(strictyaml.Field(r.path, "conditions"), i)
	ok = r.saysAll(path, m)
	at := strictyaml.Field(path, "codes")
	for n, name := range m.GetCodes() {
		if known, found := codeOf(name); found && name != "" {
			c.Codes = append(c.Codes, known)
			continue
		}
		ok = false
		r.findings = append(r.findings, r.at(strictyaml.Index(at, n), strictyaml.Quoted(name),
			r.choice(strings.ToUpper(name), codeNames, "must be the name of a status code, as in NOT_FOUND")))
	}
	return c, ok
}

// saysAll reports whether all parts of the condition at the path that are there say
// something, and notes those that do not: they would be taken for parts that are left out,
// which any call meets.
func (r conditionReader) saysAll(path string, m *policyv1.Condition) bool {
	before := len(r.findings)
	for _, part := range []struct {
		field string
		given bool // in the message
		says  bool
	}{
		{"name", false, m.GetName() != ""},
		{"codes", false, len(m.GetCodes()) > 0},
		{"reason", false, m.GetReason() != ""},
		{"domain", false, m.GetDomain() != ""},
		{"message_prefix", false, m.GetMessagePrefix() != ""},
		{"message_contains", false, m.GetMessageContains() != ""},
		{"response", m.GetResponse() != nil, m.GetResponse().GetPath() != "" || len(m.GetResponse().GetValues()) > 0},
		{"header", m.GetHeader() != nil, m.GetHeader().GetKey() != "" || len(m.GetHeader().GetValues()) > 0},
		{"header.values", false, len(m.GetHeader().GetValues()) > 0},
		{"trailer", m.GetTrailer() != nil, m.GetTrailer().GetKey() != "" || len(m.GetTrailer().GetValues()) > 0},
		{"trailer.values", false, len(m.GetTrailer().GetValues()) > 0},
	} {
		at := strictyaml.Field(path, part.field)
		_, written := r.document.At(at)
		if (part.given || written) && !part.says {
			f := findingAt(r.origin, at, "is empty; must have a value, or be left out with its name")
			f.lacks = true
			r.findings = append(r.findings, f)
		}
	}
	return len(r.findings) == before
}

// verdictOf returns the verdict of a message, an invalid one if there is no such verdict.
func verdictOf(m policyv1.Verdict) condition.Verdict {
	if m < 0 || m > policyv1.Verdict_VERDICT_IGNORED {
		return condition.Ignored + 1
	}
	return condition.Verdict(m)
}

// wrongIn notes a fault of a condition.
func (r conditionReader) wrongIn(f *condition.Fault) {
	found := findingAt(r.origin, conditionPath(r.path, f), f.Problem)
	if f.Value != "" {
		found.value = r.written(found.path, f.Value)
	}
	found.missing = strings.HasPrefix(f.Problem, "is missing") || strings.HasPrefix(f.Problem, "are missing")
	found.lacks = f.Field == ""
	r.findings = append(r.findings, found)
}

// conditionPath returns where a fault of the conditions of the rule at a path is.
func conditionPath(rule string, f *condition.Fault) string {
	path := strictyaml.Field(rule, "conditions")
	if f.At >= 0 {
		path = strictyaml.Index(path, f.At)
	}
	if f.Field != "" {
		path = strictyaml.Field(path, f.Field)
	}
	return path
}

// codeNames returns the names of all status codes.
func codeNames() []string {
	var all []string
	for c := range codes.Unauthenticated + 1 {
		all = append(all, code.Code(c).String())
	}
	return all
}

// conditionMessage returns the message of a condition.
func conditionMessage(c *condition.Condition) *policyv1.Condition {
	m := &policyv1.Condition{
		Name: c.Name, Verdict: policyv1.Verdict(c.Verdict), Reason: c.Reason, Domain: c.Domain,
		MessagePrefix: c.MessagePrefix, MessageContains: c.MessageContains,
		Header: metadataMessage(c.Header), Trailer: metadataMessage(c.Trailer), Always: c.Always,
	}
	for _, each := range c.Codes {
		m.Codes = append(m.Codes, code.Code(each).String()) //nolint:gosec // there are few codes
	}
	if c.Response.Path != "" {
		m.Response = &policyv1.ResponseField{Path: c.Response.Path, Values: slices.Clone(c.Response.Values)}
	}
	if c.Sent != policy.Unknown {
		m.Sent = new(c.Sent == policy.Yes)
	}
	return m
}

// metadataMessage returns the message of a part about metadata, nil if there is none.
func metadataMessage(m condition.Metadata) *policyv1.MetadataField {
	if m.Key == "" {
		return nil
	}
	return &policyv1.MetadataField{Key: m.Key, Values: slices.Clone(m.Values)}
}
