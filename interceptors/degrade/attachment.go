package degrade

import (
	"context"
)

// attachment ties a context to a scope, and says how what is reported under
// that context relates to the scope's result.
type attachment struct {
	scope *Scope
	// path is where in the result the reported response ends up.
	path string
	// relation is how.
	relation relation
}

type relation uint8

const (
	// unstated: in some way that nobody told us.
	unstated relation = iota
	// embedded: field by field, at path.
	embedded
	// unused: not at all.
	unused
	// misplaced: somewhere at path; where was said, but in no way that is a path.
	misplaced
)

type attachmentKey struct{}

func attachmentOf(ctx context.Context) (attachment, bool) {
	if a, ok := ctx.Value(attachmentKey{}).(*attachment); ok {
		return *a, true
	}
	return attachment{}, false
}

// with returns a context that is tied by a.
func (a attachment) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, attachmentKey{}, &a)
}

// Under returns a context for calls whose responses become the field at path,
// as they are: what such a response says of its field "avatar" is then said of
// path.avatar. The empty path says that the response becomes the whole result.
// A path within Under is relative to it. Under a malformed path it is not known
// what the response becomes: the whole result is [Partial] then, or the field
// that the malformed path is relative to.
func Under(ctx context.Context, path string) context.Context {
	a, ok := attachmentOf(ctx)
	if !ok || a.relation == unused {
		return ctx
	}
	joined := Join(a.path, path)
	switch {
	case a.relation == misplaced:
		return ctx
	case CheckPath(path) != nil || CheckPath(joined) != nil:
		a.relation = misplaced
	default:
		a.path, a.relation = joined, embedded
	}
	return a.with(ctx)
}

// Unused returns a context for calls whose responses do not become part of the
// result, so that it does not matter whether they are degraded: a warm-up, an
// audit.
func Unused(ctx context.Context) context.Context {
	a, ok := attachmentOf(ctx)
	if !ok {
		return ctx
	}
	a.relation = unused
	return a.with(ctx)
}

// Mark says that the field at path of the response that is being made under
// ctx is degraded. It does nothing outside of a call that a server's interceptor
// has seen. If the path is malformed it marks the whole response and returns an
// error.
func Mark(ctx context.Context, path string, s State, r Reason) error {
	Add(ctx, NewReport(Marker{Path: path, State: s, Reason: r}))
	return CheckPath(path)
}

// Add says of the response that is being made under ctx what r says, in the
// response's own paths.
func Add(ctx context.Context, r Report) {
	if a, ok := attachmentOf(ctx); ok {
		if a.scope.response && a.relation == unstated {
			a.relation = embedded
		}
		a.report(r)
	}
}

// Merge says of a value that was obtained under ctx, in whatever way, what r
// says of it, as a call made under ctx does: r is about the value, so its paths
// are the value's, and [Under] and [Unused] apply.
func Merge(ctx context.Context, r Report) {
	if a, ok := attachmentOf(ctx); ok {
		a.report(r)
	}
}

// record says what a call made under ctx found out about its response.
func record(ctx context.Context, r Report) {
	if a, ok := attachmentOf(ctx); ok && !r.Complete() {
		a.report(r.received())
	}
}

// report hands a report on to the scope, in paths of the scope's result.
func (a attachment) report(r Report) {
	if a.relation == unused || !r.known || r.Complete() {
		return
	}
	if a.relation == unstated || a.relation == misplaced {
		r = r.summed()
	}
	a.scope.add(r.At(a.path).markers, r.unmarked())
}

// At returns the report of what the response becomes the field at path of: each
// marker is moved there. One that would come too deep makes the field at path
// [Partial].
func (r Report) At(path string) Report {
	if path == "" {
		return r
	}
	moved, tooDeep := make([]Marker, len(r.markers)), false
	for i, m := range r.markers {
		joined := Join(path, m.Path)
		if CheckPath(joined) != nil { // too deep or too long to be said
			m = Marker{State: Partial, Reason: m.Reason, Source: m.Source}
			joined, tooDeep = path, true
		}
		m.Path = joined
		moved[i] = m
	}
	if r.markers = moved; tooDeep {
		r.markers = normal(moved) // several may say the same now
	}
	return r
}

// summed is one marker for the whole of a response of which something is
// degraded.
func (r Report) summed() Report {
	m := Marker{State: Partial, Reason: ReasonUpstreamDegraded}
	if len(r.markers) > 0 {
		m.Source = r.markers[0].Source
	}
	return NewReport(m)
}

// received is a report that came from another service: a hop further away.
func (r Report) received() Report {
	came := make([]Marker, len(r.markers))
	for i, m := range r.markers {
		if m.Source.Hops++; m.Source.Hops > MaxHops {
			m.Source = Source{Hops: MaxHops}
		}
		came[i] = m
	}
	r.markers = came
	return r
}
