package fanout

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
	"github.com/afloat-go/afloat/interceptors/internal/markerfield"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// The defaults of a plan.
const (
	// DefaultMaxDuration is the default of [Config.MaxDuration].
	DefaultMaxDuration = 10 * time.Second
	// DefaultQuorum is the default of [Config.Quorum].
	DefaultQuorum = 1
)

// Config is the configuration of a plan, besides its sources.
type Config struct {
	// Name is for errors, reports and observers. The method's name is a good
	// choice. Required.
	Name string
	// MaxDuration bounds a run, within the caller's deadline. Range [1ms, 24h].
	// Default 10s.
	MaxDuration time.Duration
	// Reserve is the part of the time kept for assembling and sending the
	// response, but never more than half of it. Range [0, 1h]. Default 0: a tenth
	// of the time, at least 5 ms and at most 100 ms.
	Reserve time.Duration
	// Quorum is how many sources must answer for the run to succeed. Range [1, the
	// number of sources]. Default 1.
	Quorum int
	// Observer hears of the runs and of their sources' steps. Default: no
	// observer.
	Observer Observer
	// Logger logs the panics of sources, with their stacks, at error. Default:
	// slog.Default().
	Logger *slog.Logger
	// Declared returns what the author of the response's message declares about a
	// field in its options, or what is wrong with them, as protooptions.Declared
	// does. The sources are checked against it and get its timeouts as their default.
	// Default: nothing is declared.
	Declared func(protoreflect.FieldDescriptor) (Declaration, error)
}

// Plan has the sources of one kind of response. It is immutable and safe for
// concurrent use. Make one with [NewPlan] when the program starts; the zero
// Plan must not be used.
type Plan[Req, Resp any] struct {
	cfg      Config
	bindings []binding[Req, Resp]
	// kinds are the first bindings of each type, which begin the others too.
	kinds []binding[Req, Resp]
	// defaults: some source has one.
	defaults bool
	// inside: the response has a field for markers.
	inside bool
}

// NewPlan checks the sources and makes a plan of them, with the defaults of
// [Config]. It reports all faults at once: paths that are malformed or not in the
// response's message, fields bound twice, nil functions, fallbacks that share a
// guard with what they replace, and numbers out of range. If the response is not
// a proto message, only the form of the paths is checked.
func NewPlan[Req, Resp any](name string, sources ...Source[Req, Resp]) (*Plan[Req, Resp], error) {
	return NewPlanWith(Config{Name: name}, sources...)
}

// NewPlanWith is [NewPlan] with a configuration.
func NewPlanWith[Req, Resp any](cfg Config, sources ...Source[Req, Resp]) (*Plan[Req, Resp], error) {
	p := &Plan[Req, Resp]{cfg: cfg.withDefaults()}
	label := fmt.Sprintf("fanout %q", cfg.Name)
	faults := []error{p.cfg.validate(label, len(sources)), p.overlaps(label, sources)}
	md := messageOf[Resp]()
	if md != nil {
		p.inside = markerfield.In(md)
		faults = append(faults, labelled(label, degrade.CheckMessage(md)))
	}
	for i, s := range sources {
		if s == nil {
			faults = append(faults, fmt.Errorf("%s: source %d = nil; must be a source", label, i))
			continue
		}
		at := fmt.Sprintf("%s, source %q", label, s.field())
		d, unclear := p.cfg.declared(s.field(), md)
		s, disobeys := s.declare(at, d)
		b, err := s.bind(p, at, md)
		p.bindings, faults = append(p.bindings, b), append(faults, labelled(at, unclear), disobeys, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	for place, b := range p.bindings {
		p.kinds = grouped(p.kinds, b, place)
	}
	return p, nil
}

func (c Config) withDefaults() Config {
	if c.MaxDuration == 0 {
		c.MaxDuration = DefaultMaxDuration
	}
	if c.Quorum == 0 {
		c.Quorum = DefaultQuorum
	}
	return c
}

func (c Config) validate(label string, sources int) error {
	f := validate.Of(label)
	f.Require(c.Name != "", "name", `""`, "a name")
	f.Require(sources > 0, "sources", "none", "at least one")
	validate.Between(f, "max_duration", c.MaxDuration, time.Millisecond, 24*time.Hour)
	validate.Between(f, "reserve", c.Reserve, 0, time.Hour)
	if sources > 0 {
		validate.Between(f, "quorum", c.Quorum, 1, sources)
	}
	return f.Err()
}

// overlaps requires that no two sources are bound to one field, or to a field and
// one within it.
func (p *Plan[Req, Resp]) overlaps(label string, sources []Source[Req, Resp]) error {
	f := validate.Of(label)
	for i, s := range sources {
		for _, before := range sources[:i] {
			if s != nil && before != nil {
				a, b := s.field(), before.field()
				f.Require(!fieldpath.Covers(a, b) && !fieldpath.Covers(b, a),
					"path", fmt.Sprintf("%q, bound already by %q", a, b), "bound once")
			}
		}
	}
	return f.Err()
}

// messageOf describes the responses, nil if they are not proto messages.
func messageOf[Resp any]() protoreflect.MessageDescriptor {
	var none Resp
	m, ok := any(none).(proto.Message)
	if !ok {
		return nil
	}
	return m.ProtoReflect().Descriptor()
}

// checkPath requires that path is one of the response.
func checkPath(path string, md protoreflect.MessageDescriptor) error {
	if md == nil {
		return degrade.CheckPath(path)
	}
	return degrade.CheckField(path, md)
}

// labelled adds to an error what it is about.
func labelled(label string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", label, err)
}
