package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors/internal/names"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// extensions are those by which .proto files state rules.
type extensions struct{ method, service protoreflect.ExtensionType }

// optional is a rule in the options of a method or a service.
type optional struct {
	origin origin
	path   string
	match  string
	rule   *policyv1.Rule
}

// check requires that the extensions are for rules.
func (x extensions) check() error {
	for _, t := range []struct {
		name     string
		xt       protoreflect.ExtensionType
		extendee protoreflect.FullName
	}{
		{"method", x.method, "google.protobuf.MethodOptions"},
		{"service", x.service, "google.protobuf.ServiceOptions"},
	} {
		if t.xt == nil {
			return fmt.Errorf("config: extension for a %s = nil; must be one of %s", t.name, t.extendee)
		}
		if xd := t.xt.TypeDescriptor(); !isRules(t.xt) || xd.ContainingMessage().FullName() != t.extendee {
			return fmt.Errorf("config: extension for a %s = %s; must be repeated afloat.policy.v1.Rule of %s", t.name, xd.FullName(), t.extendee)
		}
	}
	return nil
}

// isRules reports whether an extension is a list of rules.
func isRules(xt protoreflect.ExtensionType) bool {
	_, ok := xt.InterfaceOf(xt.New()).([]*policyv1.Rule)
	return ok
}

// find returns the rules that the files state, in the order of the names.
func (x extensions) find(files *protoregistry.Files) (all []optional, err error) {
	var faults []error
	add := func(d protoreflect.Descriptor, xt protoreflect.ExtensionType, match string) {
		found, err := stated(d, xt, match)
		all, faults = append(all, found...), append(faults, err)
	}
	files.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		services := fd.Services()
		for i := range services.Len() {
			sd := services.Get(i)
			add(sd, x.service, fmt.Sprintf("/%s/*", sd.FullName()))
			for j := range sd.Methods().Len() {
				md := sd.Methods().Get(j)
				add(md, x.method, fmt.Sprintf("/%s/%s", sd.FullName(), md.Name()))
			}
		}
		return true
	})
	slices.SortStableFunc(all, func(a, b optional) int { return cmp.Compare(a.origin.name, b.origin.name) })
	return all, errors.Join(faults...)
}

// stated returns the rules in the options of a method or a service.
func stated(d protoreflect.Descriptor, xt protoreflect.ExtensionType, match string) ([]optional, error) {
	o := origin{source: Options, name: names.Shown(fmt.Sprintf("%s: %s", d.ParentFile().Path(), d.FullName()))}
	rules, err := rulesIn(d.Options(), xt)
	if err != nil {
		return nil, fmt.Errorf("%s: option %d is not that of %s: %w", o.name, xt.TypeDescriptor().Number(), xt.TypeDescriptor().FullName(), err)
	}
	all := make([]optional, len(rules))
	for i, r := range rules {
		all[i] = optional{o, fmt.Sprintf("%s[%d]", xt.TypeDescriptor().Name(), i), match, r}
	}
	return all, nil
}

// rulesIn returns the rules that options hold. They are decoded once more:
// descriptors that were made while running may have been decoded without the
// extension, or by another type for it.
func rulesIn(options proto.Message, xt protoreflect.ExtensionType) ([]*policyv1.Rule, error) {
	data, err := proto.Marshal(options)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	types := new(protoregistry.Types)
	if err := types.RegisterExtension(xt); err != nil {
		return nil, err
	}
	known := options.ProtoReflect().New().Interface()
	if err := (proto.UnmarshalOptions{Resolver: types, AllowPartial: true}).Unmarshal(data, known); err != nil {
		return nil, err
	}
	rules, _ := proto.GetExtension(known, xt).([]*policyv1.Rule) // the type was checked
	return rules, nil
}

// compile makes a statement of the rule.
func (o optional) compile(all kinds, files *protoregistry.Files, compartments map[string]*policyv1.Compartment) (statement, []*finding) {
	c := compiler{origin: o.origin, kinds: all, files: files, compartments: compartments}
	if o.rule.GetMatch() != "" {
		c.wrong(o.rule, o.path, "match", "must be left out in options: the rule is for "+o.match)
	}
	s := c.rule(o.path, o.match, o.rule)
	return s, c.findings
}
