package degrade

import (
	"context"
)

// attachment ties a context to a scope, and says how reports made under that
// context relate to the scope's result.
type attachment struct {
	scope *Scope
	// path is where in the result the reported response ends up.
	path string
	// relation is how.
	relation relation
}

type relation uint8

const (
	// unstated: in an unknown way.
	unstated relation = iota
	// embedded: field by field, at path.
	embedded
	// unused: not at all.
	unused
	// misplaced: somewhere within path; the place was given, but malformed.
	misplaced
)

type attachmentKey struct{}

func attachmentOf(ctx context.Context) (attachment, bool) {
	if a, ok := ctx.Value(attachmentKey{}).(*attachment); ok {
		return *a, true
	}
	return attachment{}, false
}

// with returns a context with the attachment a.
func (a attachment) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, attachmentKey{}, &a)
}

// Under returns a context for calls whose responses become the field at path,
// unchanged: what such a response reports of its field "avatar" then holds for
// path.avatar. The empty path means that the response becomes the whole result.
// If ctx is itself from Under, path is relative to that field. If path is
// malformed, it is not known what a response becomes; if it is degraded, the
// whole result, or the field that path is relative to, is [Partial].
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
// result, so that it does not matter whether they are degraded, such as a
// warm-up or an audit.
func Unused(ctx context.Context) context.Context {
	a, ok := attachmentOf(ctx)
	if !ok {
		return ctx
	}
	a.relation = unused
	return a.with(ctx)
}

// Mark marks the field at path of the response that is being made under ctx as
// degraded. It does nothing if ctx has no scope, which the server interceptors
// of this package open. Under a scope from [Open], it makes the whole value
// [Partial], unless ctx is from [Under]. If path is malformed, Mark marks the
// whole response and returns an error.
func Mark(ctx context.Context, path string, s State, r Reason) error {
	Add(ctx, NewReport(Marker{Path: path, State: s, Reason: r}))
	return CheckPath(path)
}

// Add adds r to what is reported of the response that is being made under ctx.
// The paths of r are those of the response.
func Add(ctx context.Context, r Report) {
	if a, ok := attachmentOf(ctx); ok {
		if a.scope.response && a.relation == unstated {
			a.relation = embedded
		}
		a.report(r)
	}
}

// Merge reports r for a value that was obtained under ctx in some way, as a
// call made under ctx reports for its response. The paths of r are those of the
// value, and [Under] and [Unused] apply.
func Merge(ctx context.Context, r Report) {
	if a, ok := attachmentOf(ctx); ok {
		a.report(r)
	}
}

// record reports what a call made under ctx found out about its response.
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

// At returns the report for a message that has the response as its field at
// path: each marker is moved to below path. A marker that would become too deep
// or too long makes the field at path [Partial].
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

// summed is one marker for a whole response in which something is degraded.
func (r Report) summed() Report {
	m := Marker{State: Partial, Reason: ReasonUpstreamDegraded}
	if len(r.markers) > 0 {
		m.Source = r.markers[0].Source
	}
	return NewReport(m)
}

// received is a report that came from another service, one hop further away.
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
