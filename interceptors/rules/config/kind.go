package config

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/internal/names"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// kind is the row of one kind of policies: all that this package knows of it. Afloat's
// own kinds are a [row] each, those of the program a [Kind].
type kind interface {
	// name returns what a rules file calls it, such as "rate_limit".
	name() string
	// isCustom reports whether it is a name under custom, and no field.
	isCustom() bool
	// in yields the kind's policies in a rule or in a compartment, with their paths.
	in(path string, holder proto.Message) iter.Seq2[string, proto.Message]
	// put adds a policy to a rule or to a compartment, if there is room for it.
	put(m, holder proto.Message) bool
	// template returns the template of a policy in a file.
	template(m proto.Message) rules.Template
	// check notes what is wrong with the configuration at the path.
	check(c *compiler, path string, m proto.Message)
	// unwatchable says why a shadow rule cannot have the policy, empty if it can.
	unwatchable(m proto.Message) string
	// message returns what a file would have of a template, nil if the template is of
	// another kind. Scope and compartment are left out.
	message(t rules.Template) proto.Message
	// empty returns such a message without any configuration.
	empty() proto.Message
	// look returns the configuration and the status of a policy, if it is of the kind.
	look(l rules.Live) (config, status any, ok bool)
	// tell puts configuration and status into the message of a policy, if it is of the
	// kind.
	tell(p LivePolicy, m *policyv1.LivePolicy) bool
}

// kinds is the table of kinds.
type kinds []kind

// ownKinds returns the rows of afloat's own kinds.
func ownKinds() kinds {
	return kinds{timeoutRow(), breakerRow(), bulkheadRow(), rateLimitRow(), faultRow(), overloadRow()}
}

// table returns the rows of afloat's own kinds and of those given.
func table(given []KindOption) (kinds, error) {
	all := ownKinds()
	var faults []error
	for _, o := range given {
		if o.kind == nil {
			faults = append(faults, errors.New("config: a kind is not by WithKind"))
			continue
		}
		faults = append(faults, all.admits(o.kind.name()), o.fault)
		all = append(all, o.kind)
	}
	return all, errors.Join(faults...)
}

// orOwn returns the table, or that of afloat's own kinds if there is none.
func (all kinds) orOwn() kinds {
	if all == nil {
		return ownKinds()
	}
	return all
}

// admits reports why no other kind can have the name.
func (all kinds) admits(name string) error {
	if name == "" {
		return errors.New(`config: name of a kind = ""; must be a name`)
	}
	if err := names.Check(name); err != nil {
		return fmt.Errorf("config: name of a kind = %q; %w; must be %s", name, err, names.Allowed)
	}
	for _, k := range all {
		if plain := strings.NewReplacer("_", ""); plain.Replace(k.name()) == plain.Replace(name) {
			return fmt.Errorf("config: name of a kind = %q; must not be that of another kind", name)
		}
	}
	return nil
}

// customNames returns the names that custom policies can have.
func (all kinds) customNames() []string {
	var names []string
	for _, k := range all {
		if k.isCustom() {
			names = append(names, k.name())
		}
	}
	return names
}

// express puts the policy of a template into a rule, if there is room for it.
func (all kinds) express(t rules.Template, r *policyv1.Rule) bool {
	for _, k := range all {
		m := k.message(t)
		if m == nil {
			continue
		}
		if t.Compartment != "" {
			m = k.empty()
			setField(m, "compartment", protoreflect.ValueOfString(t.Compartment))
		}
		setField(m, "scope", protoreflect.ValueOfEnum(scopeMessage(t.Scope).Number()))
		return k.put(m, r)
	}
	return false
}

// share puts the policy of a template into its compartment.
func (all kinds) share(t rules.Template, in *policyv1.Compartment) {
	for _, k := range all {
		if m := k.message(t); m != nil {
			k.put(m, in)
		}
	}
}

// look returns a live policy with its configuration and its status.
func (all kinds) look(l rules.Live) LivePolicy {
	for _, k := range all {
		if config, status, ok := k.look(l); ok {
			return LivePolicy{Live: l, Config: config, Status: status}
		}
	}
	return LivePolicy{Live: l}
}

// tell puts the configuration and the status of a policy into its message.
func (all kinds) tell(p LivePolicy, m *policyv1.LivePolicy) {
	for _, k := range all {
		if k.tell(p, m) {
			return
		}
	}
}

// row is the row of one of afloat's kinds: of messages M, configurations C, policies P
// and their snapshots S.
type row[M proto.Message, C any, P policy.Policy, S any] struct {
	// field is the name of its field in rules, in compartments, and in the status of a
	// live policy.
	field string
	// each makes the template of a message.
	each func(M) rules.Template
	// told makes the message of a configuration whose defaults are filled in.
	told func(C) M
	// config and snapshot read a policy. No snapshot: there is nothing to see.
	config   func(P) C
	snapshot func(P) S
	// status makes the message of a policy at one moment.
	status func(C, S) proto.Message
	// watch says why a shadow rule cannot have the policy. Nil: it can.
	watch func(M) string
	// mend notes what only a message can have wrong, and returns it as if it were
	// right. Nil: nothing.
	mend func(c *compiler, path string, m M) M
}

// name implements [kind].
func (r row[M, C, P, S]) name() string { return r.field }

// isCustom implements [kind].
func (r row[M, C, P, S]) isCustom() bool { return false }

// in implements [kind].
func (r row[M, C, P, S]) in(path string, holder proto.Message) iter.Seq2[string, proto.Message] {
	return func(yield func(string, proto.Message) bool) {
		m := holder.ProtoReflect()
		if fd := fieldOf(holder, r.field); fd != nil && m.Has(fd) {
			yield(strictyaml.Field(path, r.field), m.Get(fd).Message().Interface())
		}
	}
}

// put implements [kind].
func (r row[M, C, P, S]) put(m, holder proto.Message) bool {
	if fd := fieldOf(holder, r.field); fd == nil || holder.ProtoReflect().Has(fd) {
		return false
	}
	setField(holder, r.field, protoreflect.ValueOfMessage(m.ProtoReflect()))
	return true
}

// template implements [kind].
func (r row[M, C, P, S]) template(m proto.Message) rules.Template {
	own, _ := m.(M)
	return r.each(own)
}

// check implements [kind].
func (r row[M, C, P, S]) check(c *compiler, path string, m proto.Message) {
	own, _ := m.(M)
	if r.mend != nil {
		own = r.mend(c, path, own)
	}
	c.try(path, own, r.each(own))
}

// unwatchable implements [kind].
func (r row[M, C, P, S]) unwatchable(m proto.Message) string {
	own, ok := m.(M)
	if !ok || r.watch == nil {
		return ""
	}
	return r.watch(own)
}

// message implements [kind].
func (r row[M, C, P, S]) message(t rules.Template) proto.Message {
	if config, ok := t.Config.(C); ok {
		return r.told(config)
	}
	return nil
}

// empty implements [kind].
func (r row[M, C, P, S]) empty() proto.Message {
	var none M
	return none.ProtoReflect().New().Interface()
}

// look implements [kind].
func (r row[M, C, P, S]) look(l rules.Live) (config, status any, ok bool) {
	p, ok := l.Policy.(P)
	switch {
	case !ok:
		return nil, nil, false
	case r.snapshot == nil:
		return r.config(p), nil, true
	default:
		return r.config(p), r.snapshot(p), true
	}
}

// tell implements [kind].
func (r row[M, C, P, S]) tell(p LivePolicy, m *policyv1.LivePolicy) bool {
	config, ok := p.Config.(C)
	if ok {
		status, _ := p.Status.(S)
		setField(m, r.field, protoreflect.ValueOfMessage(r.status(config, status).ProtoReflect()))
	}
	return ok
}

// fieldOf returns the field of m with that name, nil if it has none.
func fieldOf(m proto.Message, name string) protoreflect.FieldDescriptor {
	return m.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(name))
}

// setField sets the field of m with that name, if it has one.
func setField(m proto.Message, name string, v protoreflect.Value) {
	if fd := fieldOf(m, name); fd != nil {
		m.ProtoReflect().Set(fd, v)
	}
}

// compartmentOf returns the compartment that a policy names, empty if it names none.
func compartmentOf(m proto.Message) string {
	if shared, ok := m.(interface{ GetCompartment() string }); ok {
		return shared.GetCompartment()
	}
	return ""
}

// inside returns the policy of a kind in a compartment, nil if there is none.
func inside(in *policyv1.Compartment, k kind) proto.Message {
	for _, m := range k.in("", in) {
		return m
	}
	return nil
}

// given returns the names of the fields of m that are set.
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
