package config

import (
	"log/slog"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors/rules"
)

// Option changes what [New] makes.
type Option interface{ apply(*options) }

type options struct {
	path       string
	named      bool // a file was, by whatever name
	code       []rules.Rule
	extensions []extensions
	files      *protoregistry.Files
	noBuiltIn  bool
	policy     []rules.Option
	logger     *slog.Logger
	observer   Observer
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithFile takes rules from a file in YAML or JSON. [Set.Watch] follows its changes.
// An empty path is a fault, because it usually comes from a variable that is not
// set. Default: no file.
func WithFile(path string) Option {
	return optionFunc(func(o *options) { o.path, o.named = path, true })
}

// WithRules takes rules from code, which take precedence over all others.
// [Set.Apply] changes them. Default: none.
func WithRules(list ...rules.Rule) Option {
	list = copied(list)
	return optionFunc(func(o *options) { o.code = append(o.code, list...) })
}

// copied returns a copy, which the caller can no longer change.
func copied(list []rules.Rule) []rules.Rule {
	list = slices.Clone(list)
	for i, r := range list {
		list[i].Policies, list[i].Sides = slices.Clone(r.Policies), slices.Clone(r.Sides)
	}
	return list
}

// WithExtensions takes rules from the options of the methods and services of all
// linked .proto files. The types must extend google.protobuf.MethodOptions and
// ServiceOptions with repeated afloat.policy.v1.Rule. It is for options of your own;
// for afloat's, use package protooptions. Default: none.
func WithExtensions(method, service protoreflect.ExtensionType) Option {
	return optionFunc(func(o *options) { o.extensions = append(o.extensions, extensions{method, service}) })
}

// WithDescriptors reads the options of these .proto files in place of the linked
// ones. It is for tools, which have only the descriptors of APIs. Default, and if
// files is nil: protoregistry.GlobalFiles.
func WithDescriptors(files *protoregistry.Files) Option {
	return optionFunc(func(o *options) { o.files = files })
}

// WithoutBuiltIn leaves calls unguarded that no rule matches. By default they get
// the built-in rule, see interceptors.BuiltIn.
func WithoutBuiltIn() Option { return optionFunc(func(o *options) { o.noBuiltIn = true }) }

// WithPolicyOptions passes options on to the rules.Rules: policy.MaxKeys and
// policy.WithObserver.
func WithPolicyOptions(opts ...rules.Option) Option {
	return optionFunc(func(o *options) { o.policy = append(o.policy, opts...) })
}

// WithLogger sets the logger of changes: applied ones are logged at info, refused
// ones at error. Default, and if l is nil: slog.Default().
func WithLogger(l *slog.Logger) Option { return optionFunc(func(o *options) { o.logger = l }) }

// WithObserver tells o of changes. Default: no observer, and so with a nil o.
func WithObserver(o Observer) Option { return optionFunc(func(all *options) { all.observer = o }) }
