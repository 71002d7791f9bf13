package ruleset

import (
	"log/slog"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Option changes what [New] makes.
type Option interface{ apply(*options) }

type options struct {
	path       string
	named      bool // a file was, by whatever name
	code       []policy.Rule
	extensions []extensions
	files      *protoregistry.Files
	noBuiltIn  bool
	policy     []policy.RulesOption
	logger     *slog.Logger
	observer   Observer
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithFile takes rules from a file in YAML or JSON. [Set.Watch] follows its changes.
// Default: no file. An empty path is a fault, as it is where a variable was not set.
func WithFile(path string) Option {
	return optionFunc(func(o *options) { o.path, o.named = path, true })
}

// WithRules takes rules from code, which have the last word. [Set.Apply] changes
// them. Default: none.
func WithRules(rules ...policy.Rule) Option {
	rules = copied(rules)
	return optionFunc(func(o *options) { o.code = append(o.code, rules...) })
}

// copied are rules that their maker cannot change any more.
func copied(rules []policy.Rule) []policy.Rule {
	rules = slices.Clone(rules)
	for i, r := range rules {
		rules[i].Policies, rules[i].Sides = slices.Clone(r.Policies), slices.Clone(r.Sides)
	}
	return rules
}

// WithExtensions takes rules from the options of the methods and services of all
// linked .proto files. The types extend google.protobuf.MethodOptions and
// ServiceOptions with repeated afloat.policy.v1.Rule. It is for options of one's own;
// afloat's are those of package protooptions. Default: none.
func WithExtensions(method, service protoreflect.ExtensionType) Option {
	return optionFunc(func(o *options) { o.extensions = append(o.extensions, extensions{method, service}) })
}

// WithDescriptors takes rules from the options of these .proto files in place of the
// linked ones: for tools, which know APIs by descriptors. Default:
// protoregistry.GlobalFiles. A nil files is the default.
func WithDescriptors(files *protoregistry.Files) Option {
	return optionFunc(func(o *options) { o.files = files })
}

// WithoutBuiltIn leaves calls unguarded that no rule names. By default they have the
// built-in rule, see interceptors.BuiltIn.
func WithoutBuiltIn() Option { return optionFunc(func(o *options) { o.noBuiltIn = true }) }

// WithPolicyOptions hands options on to the policy.Rules: policy.MaxKeys and
// policy.WithObserver.
func WithPolicyOptions(opts ...policy.RulesOption) Option {
	return optionFunc(func(o *options) { o.policy = append(o.policy, opts...) })
}

// WithLogger logs changes: those that are applied at info, those that are refused at
// error. Default: slog.Default().
func WithLogger(l *slog.Logger) Option { return optionFunc(func(o *options) { o.logger = l }) }

// WithObserver tells o of changes. Default: nobody. A nil o is nobody.
func WithObserver(o Observer) Option { return optionFunc(func(all *options) { all.observer = o }) }
