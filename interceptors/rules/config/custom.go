package config

import (
	"errors"
	"fmt"
	"iter"
	"reflect"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/structs"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Kind is the row of a kind of policies P of the program's own, with configurations C.
// [WithKind] registers it; then a rules file can have such policies under custom:
//
//	custom: {name: quota, config: {calls: 100, per: 1m}}
//
// C is a struct, or a map from names, of what a file can have: truths, numbers, text,
// [time.Duration], whatever reads itself from text, and pointers, lists, maps and structs
// of them. Fields have the names of their json tags. They are read strictly: a field that
// C does not have is an error of the file.
//
// A policy that is to be seen in metrics implements [policy.Gauged], one that is not to
// be in the layer of custom policies [policy.Layered].
type Kind[C any, P policy.Policy] struct {
	// Name is that of the kind, and the Kind of its templates. Required, in printable
	// ASCII without spaces, and none of afloat's own.
	Name string
	// New makes a policy for a key, and checks the configuration, which it must not
	// modify. An error may be or join a [rules.FieldError] for each field. Required.
	New func(rules.Key, C) (P, error)
	// Update gives a policy another configuration, when the rules change. An error says
	// that it cannot, and New then makes a new policy in its place. Nil: policies are
	// made anew when the rules change.
	Update func(rules.Key, P, C) error
	// Config returns the configuration in force, for the [Snapshot]. Nil: it is not told.
	Config func(P) C
	// Status returns what the [Snapshot] tells of a policy's state, as a struct or a map
	// from names. Nil: nothing.
	Status func(P) any
	// Watches: a policy whose key has Shadow set refuses nothing. Kinds that do not
	// watch are refused in shadow rules.
	Watches bool
}

// Each returns the template that a rule of a file with this configuration has, for rules
// of code.
func (k Kind[C, P]) Each(cfg C) rules.Template {
	t := rules.Template{Kind: k.Name, Config: cfg, New: func(key rules.Key) (policy.Policy, error) {
		p, err := k.New(key, cfg)
		if err != nil {
			return nil, err
		}
		return p, nil
	}}
	if k.Update != nil {
		t.Update = func(key rules.Key, p policy.Policy) error {
			own, ok := p.(P)
			if !ok {
				return fmt.Errorf("config: the policy is no %s", k.Name)
			}
			return k.Update(key, own, cfg)
		}
	}
	return t
}

// KindOption is an option of [New], [Compile] and [Parsed.Compile].
type KindOption struct {
	kind  kind
	fault error
}

// WithKind registers a kind of policies of the program's own. Default: none.
func WithKind[C any, P policy.Policy](k Kind[C, P]) KindOption {
	var faults []error
	if k.New == nil {
		faults = append(faults, fmt.Errorf("config: New of kind %q = nil; must be a function", k.Name))
	}
	if err := structs.Check(reflect.TypeFor[C]()); err != nil {
		faults = append(faults, fmt.Errorf("config: configuration of kind %q: %w; must be a struct or a map from names of what a file can have", k.Name, err))
	}
	return KindOption{custom[C, P]{k}, errors.Join(faults...)}
}

func (o KindOption) apply(all *options) { all.custom = append(all.custom, o) }

// custom is the row of a [Kind].
type custom[C any, P policy.Policy] struct{ Kind[C, P] }

// name implements [kind].
func (k custom[C, P]) name() string { return k.Name }

// isCustom implements [kind].
func (k custom[C, P]) isCustom() bool { return true }

// in implements [kind].
func (k custom[C, P]) in(path string, holder proto.Message) iter.Seq2[string, proto.Message] {
	return func(yield func(string, proto.Message) bool) {
		for i, m := range customsOf(holder) {
			if m.GetName() == k.Name && !yield(strictyaml.Index(strictyaml.Field(path, "custom"), i), m) {
				return
			}
		}
	}
}

// customsOf returns the custom policies of a rule or of a compartment.
func customsOf(holder proto.Message) []*policyv1.Custom {
	h, _ := holder.(interface{ GetCustom() []*policyv1.Custom })
	return h.GetCustom()
}

// put implements [kind].
func (k custom[C, P]) put(m, holder proto.Message) bool {
	own, _ := m.(*policyv1.Custom)
	switch h := holder.(type) {
	case *policyv1.Rule:
		h.Custom = append(h.Custom, own)
	case *policyv1.Compartment:
		for range k.in("", h) {
			return false
		}
		h.Custom = append(h.Custom, own)
	}
	return true
}

// read returns the configuration at the path, and what is wrong with it.
// read implements [kind].
func (k custom[C, P]) read(m proto.Message, path string) (cfg C, faults []structs.Fault) {
	own, _ := m.(*policyv1.Custom)
	faults = structs.Decode(own.GetConfig(), path, &cfg)
	return cfg, faults
}

// template implements [kind].
func (k custom[C, P]) template(m proto.Message) rules.Template {
	cfg, _ := k.read(m, "")
	return k.Each(cfg)
}

// check implements [kind].
func (k custom[C, P]) check(c *compiler, path string, m proto.Message) {
	own, _ := m.(*policyv1.Custom)
	at := strictyaml.Field(path, "config")
	cfg, faults := k.read(m, at)
	for _, f := range faults {
		found := findingAt(c.origin, f.Path, f.Problem)
		if f.Value != "" {
			found.value = c.written(f.Path, f.Value)
		} else { // the name itself
			at, _ := c.document.At(f.Path)
			found.at = at.Name
		}
		c.findings = append(c.findings, found)
	}
	if len(faults) > 0 {
		return
	}
	_, err := k.New(trialKey, cfg)
	for _, err := range parts(err) {
		if f, ok := errors.AsType[*rules.FieldError](err); ok {
			c.wrongField(own.GetConfig(), at, f)
		} else {
			c.remark(path, err.Error())
		}
	}
}

// parts returns the errors that err joins.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, inner := range joined.Unwrap() {
		all = append(all, parts(inner)...)
	}
	return all
}

// unwatchable implements [kind].
func (k custom[C, P]) unwatchable(proto.Message) string {
	if k.Watches {
		return ""
	}
	return fmt.Sprintf("must be left out in a shadow rule: a %s cannot only watch", k.Name)
}

// message implements [kind].
func (k custom[C, P]) message(t rules.Template) proto.Message {
	cfg, ok := t.Config.(C)
	if !ok || t.Kind != k.Name {
		return nil
	}
	return &policyv1.Custom{Name: k.Name, Config: structs.Encode(cfg)}
}

// empty implements [kind].
func (k custom[C, P]) empty() proto.Message { return &policyv1.Custom{Name: k.Name} }

// look implements [kind].
func (k custom[C, P]) look(l rules.Live) (config, status any, ok bool) {
	p, ok := l.Policy.(P)
	if !ok || l.Kind != k.Name {
		return nil, nil, false
	}
	if k.Config != nil {
		config = k.Config(p)
	}
	if k.Status != nil {
		status = k.Status(p)
	}
	return config, status, true
}

// tell implements [kind].
func (k custom[C, P]) tell(p LivePolicy, m *policyv1.LivePolicy) bool {
	if p.Kind != k.Name {
		return false
	}
	m.Status = &policyv1.LivePolicy_Custom{Custom: &policyv1.CustomStatus{
		Config: structs.Encode(p.Config), Status: structs.Encode(p.Status),
	}}
	return true
}
