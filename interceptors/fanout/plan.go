package fanout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/below"
	"github.com/afloat-go/afloat/interceptors/internal/markerfield"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

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

// NewPlanWith does what [NewPlan] does, with a configuration.
func NewPlanWith[Req, Resp any](cfg Config, sources ...Source[Req, Resp]) (*Plan[Req, Resp], error) {
	p := &Plan[Req, Resp]{cfg: cfg.withDefaults()}
	label := fmt.Sprintf("fanout %q", cfg.Name)
	faults := []error{p.cfg.validate(label, len(sources)), overlaps(label, sources)}
	md := messageOf[Resp]()
	if md != nil {
		err := degrade.CheckMessage(md)
		p.inside = err == nil && markerfield.In(md)
		faults = append(faults, labelled(label, err))
	}
	for i, s := range sources {
		if s == nil {
			faults = append(faults, fmt.Errorf("%s: source %d = nil; must be a source", label, i))
			continue
		}
		at := fmt.Sprintf("%s, source %q", label, s.field())
		d, unclear := p.cfg.declared(s.field(), md)
		s, disobeys := s.declare(at, d)
		b, err := s.bind(&p.cfg, at, md)
		p.bindings, faults = append(p.bindings, b), append(faults, labelled(at, unclear), disobeys, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	p.group()
	return p, nil
}

// overlaps requires that no two sources are bound to one field, or to a field and
// one within it.
func overlaps[Req, Resp any](label string, sources []Source[Req, Resp]) error {
	f, bound := validate.Of(label), newBoundPaths(len(sources))
	for _, s := range sources {
		if s == nil {
			continue
		}
		for _, before := range bound.add(s.field()) {
			f.Require(false, "path", fmt.Sprintf("%q, bound already by %q", s.field(), before), "bound once")
		}
	}
	return f.Err()
}

// group puts the bindings together whose tasks are allocated together.
func (p *Plan[Req, Resp]) group() {
	first := map[any]binding[Req, Resp]{}
	for place, b := range p.bindings {
		leader, ok := first[b.kind()]
		if !ok {
			leader, p.kinds = b, append(p.kinds, b)
			first[b.kind()] = b
		}
		leader.take(b, place)
		p.defaults = p.defaults || b.overtime()
	}
}

// Gather asks all sources at once and fills resp with their answers. It returns
// on time: at the end of the time, less the reserve, it takes every result that
// has arrived and marks the other fields as missing. The report says which
// fields are degraded. Gather also writes it into resp, if that has a field for
// it, and adds it to the scope of ctx, so that a server's interceptors send it
// along.
//
// On an error, resp is unchanged. The error is an [*Error] if a required source
// failed or fewer sources answered than the quorum, a
// *[degrade.IncompleteError] if the caller wants the response complete or not
// at all and it cannot be complete, and the error of ctx if the caller has
// gone.
//
// Only the calling goroutine writes to resp, and never after Gather has
// returned. Sources that ignore their context may read req even after that.
func (p *Plan[Req, Resp]) Gather(ctx context.Context, req Req, resp Resp) (degrade.Report, error) {
	report, err := p.gather(ctx, req, resp)
	p.cfg.gathered(ctx, report, err)
	if failed, ok := err.(*Error); ok { //nolint:errorlint // that of this run
		_ = below.Note(ctx, failed)
	}
	return report, err
}

// gather does what Gather does, except to tell the observer.
func (p *Plan[Req, Resp]) gather(ctx context.Context, req Req, resp Resp) (degrade.Report, error) {
	begin := policy.Now()
	sources, reserve := p.cfg.budget(ctx)
	r := &run[Req, Resp]{
		plan:     p,
		ctx:      until{Context: ctx, end: begin.Add(sources)},
		req:      req,
		begin:    begin,
		complete: degrade.CompleteRequired(ctx),
		required: degrade.FieldsRequired(ctx),
	}
	r.tally.of(len(p.bindings))
	timer := time.AfterFunc(sources, r.tally.expire)
	defer timer.Stop()
	r.start()
	why := r.tally.wait(ctx, r)
	r.ctx.finish(why)
	if why == expired && p.defaults {
		r.hurry(ctx, reserve/2)
	}
	r.abandon(why)
	if why == gone {
		return degrade.Report{}, ctx.Err()
	}
	return r.conclude(ctx, resp)
}

// messageOf returns the description of the responses, nil if they are not proto messages.
func messageOf[Resp any]() protoreflect.MessageDescriptor {
	var none Resp
	m, ok := any(none).(proto.Message)
	if !ok {
		return nil
	}
	return m.ProtoReflect().Descriptor()
}

// checkPath requires that path is one of the response, and none of its markers, which the
// plan writes itself.
func checkPath(path string, md protoreflect.MessageDescriptor) error {
	if md == nil {
		return degrade.CheckPath(path)
	}
	if err := degrade.CheckField(path, md); err != nil {
		return err
	}
	for fd := range fieldsOn(path, md) {
		if fd != nil && markerfield.Holds(fd) {
			return fmt.Errorf("path = %q; must not be the field for markers, %s", path, fd.FullName())
		}
	}
	return nil
}

// labelled adds to an error what it is about.
func labelled(label string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", label, err)
}
