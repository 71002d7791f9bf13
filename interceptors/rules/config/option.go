package config

import (
	"cmp"
	"errors"
	"log/slog"
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Option changes what [New] makes.
type Option interface{ apply(*options) }

// options are those of a [Set].
type options struct {
	path       string
	named      bool // a file was, by whatever name
	parsed     *Parsed
	code       []rules.Rule
	extensions []extensions
	files      *protoregistry.Files
	noBuiltIn  bool
	policy     []rules.Option
	logger     *slog.Logger
	observer   Observer
	custom     []KindOption
}

// layers reads all sources for the first time.
func (o *options) layers(all kinds) (l layers, file seen, faults []error) {
	l.kinds, l.files = all, o.files
	if !o.noBuiltIn {
		l.builtIn = []statement{{Rule: interceptors.BuiltIn(), origin: origin{source: BuiltIn, name: BuiltIn.String()}, path: "rule"}}
	}
	for _, x := range o.extensions {
		if err := x.check(); err != nil {
			faults = append(faults, err)
			continue
		}
		found, err := x.find(cmp.Or(o.files, protoregistry.GlobalFiles))
		l.options, faults = append(l.options, found...), append(faults, err)
	}
	switch {
	case o.named && o.parsed != nil:
		faults = append(faults, errTwoFiles)
	case o.parsed != nil:
		l.file = o.parsed
	case o.named && o.path == "":
		faults = append(faults, errNoPath)
	case o.named:
		data, err := read(o.path)
		if err != nil {
			faults = append(faults, errRead(o.path, err))
		} else {
			l.file, file.data = Parse(o.path, data), data
		}
	}
	l.code = o.code
	return l, file, faults
}

// tellApplied tells the observer and the log.
func (o *options) tellApplied(source string, rules int) {
	o.log().Info("rules applied", "source", source, "file", o.path, "rules", rules)
	if o.observer != nil {
		defer contain.Panic()
		o.observer.RulesApplied(source, rules)
	}
}

// tellWarnings tells the log what is hardly meant of rules that were applied.
func (o *options) tellWarnings(of []statement) {
	for _, s := range of {
		for _, w := range s.warnings {
			o.log().Warn("a rule is hardly meant as it stands", "file", o.path, "warning", w)
		}
	}
}

// tellRefused tells the observer and the log.
func (o *options) tellRefused(source string, err error) {
	o.log().Error("rules refused; those before stay in force", "source", source, "file", o.path, "error", err)
	if o.observer != nil {
		defer contain.Panic()
		o.observer.RulesRefused(source, err)
	}
}

// log returns the logger.
func (o *options) log() *slog.Logger {
	if o.logger == nil {
		return slog.Default()
	}
	return o.logger
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithFile takes rules from a file in YAML or JSON. [Set.Watch] follows its changes.
// An empty path is a fault, because it usually comes from a variable that is not
// set. Default: no file.
func WithFile(path string) Option {
	return optionFunc(func(o *options) { o.path, o.named = path, true })
}

// WithParsed takes rules from a file that [Parse] or [ReadFile] has read, for example one
// that is part of the program, in place of [WithFile]. It is not read again. Default, and
// if p is nil: no file.
func WithParsed(p *Parsed) Option { return optionFunc(func(o *options) { o.parsed = p }) }

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
		list[i] = r.Clone()
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

// WithPolicyOptions passes options on to the rules.Rules: rules.WithMaxKeys and
// rules.WithObserver.
func WithPolicyOptions(opts ...rules.Option) Option {
	return optionFunc(func(o *options) { o.policy = append(o.policy, opts...) })
}

// WithLogger sets the logger of changes: applied ones are logged at info, refused
// ones at error. Default, and if l is nil: slog.Default().
func WithLogger(l *slog.Logger) Option { return optionFunc(func(o *options) { o.logger = l }) }

// WithObserver tells o of changes. Default: no observer, and so with a nil o.
func WithObserver(o Observer) Option { return optionFunc(func(all *options) { all.observer = o }) }

// Observer hears of changes. It must be safe for concurrent use and must not block.
// It is called outside all locks, and its panics are recovered and dropped. Its
// methods use no types of this package, so that it can be implemented without
// importing it.
type Observer interface {
	// RulesApplied: a change was applied, and this many rules are in force. The
	// source is that of the change: "file", "code", or "start" for the first rules.
	RulesApplied(source string, rules int)
	// RulesRefused: a change was refused because of err, which has all faults. The
	// old rules stay in force.
	RulesRefused(source string, err error)
}

// start is the source of the first rules.
const start = "start"

var (
	errNoPath   = errors.New(`config: file = ""; must be a path`)
	errTwoFiles = errors.New("config: there are WithFile and WithParsed; must be one file")
)
