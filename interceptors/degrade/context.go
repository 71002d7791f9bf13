package degrade

import (
	"context"
	"slices"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
	"github.com/afloat-go/afloat/interceptors/internal/lazyscope"
	"github.com/afloat-go/afloat/interceptors/misuse"
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

// relation is how a response that is reported on becomes part of a result.
type relation uint8

const (
	// unstated: in an unknown way.
	unstated relation = iota
	// embedded: field by field, at path.
	embedded
	// unused: not at all.
	unused
	// unclear: somewhere within path; where was given, but malformed.
	unclear
)

// attachmentOf returns the attachment of a context, and whether there is one. It makes
// the scope of a context that has none yet.
func attachmentOf(ctx context.Context) (attachment, bool) {
	switch a := ctx.Value(lazyscope.Key{}).(type) {
	case *attachment:
		return *a, true
	case *lazyscope.Scope[Scope]:
		return a.Get(newScope).root, true
	default:
		return attachment{}, false
	}
}

// with returns a context with the attachment a.
func (a attachment) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, lazyscope.Key{}, &a)
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
	joined := fieldpath.Join(a.path, path)
	switch {
	case a.relation == unclear:
		return ctx
	case fieldpath.Check(path) != nil || fieldpath.Check(joined) != nil:
		a.relation = unclear
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
// degraded. If ctx has no scope, which the server interceptors of this package open,
// nobody hears of it: that is a [misuse.MarkOutsideScope]. A field that the response does
// not have is a [misuse.MarkUnknownField]. Under a scope from [Open], it makes the whole value
// [Partial], unless ctx is from [Under]. If path is malformed, Mark marks the
// whole response and returns an error.
func Mark(ctx context.Context, path string, s State, r Reason) error {
	Add(ctx, NewReport(Marker{Path: path, State: s, Reason: r}))
	return fieldpath.Check(path)
}

// Add adds r to what is reported of the response that is being made under ctx.
// The paths of r are those of the response. Without a scope it is as [Mark] is.
func Add(ctx context.Context, r Report) {
	if !AddIfScoped(ctx, r) && r.known && !r.Complete() {
		misuse.Note(misuse.Misuse{Kind: misuse.MarkOutsideScope, Where: caller(), Problem: r.String()})
	}
}

// AddIfScoped does what [Add] does where ctx has a scope, and reports whether it has one.
// It is for code that works outside of servers too, such as plans.
func AddIfScoped(ctx context.Context, r Report) bool {
	a, ok := attachmentOf(ctx)
	if !ok {
		return false
	}
	if a.scope.response && a.relation == unstated {
		a.relation = embedded
	}
	a.report(r)
	return true
}

// Merge reports r for a value that was obtained under ctx in some way, as a
// call made under ctx reports for its response. The paths of r are those of the
// value, and [Under] and [Unused] apply.
func Merge(ctx context.Context, r Report) {
	if a, ok := attachmentOf(ctx); ok {
		a.report(r)
	}
}

// carries reports whether what a response says of itself as a whole holds for the scope's
// result, in whatever shape it becomes part of that: the result is one value, and not a
// response that a handler makes of several.
func (a attachment) carries() bool { return a.relation == unstated && !a.scope.response }

// reading returns how a report is read that goes to the attachment alone.
func (a attachment) reading() reading {
	switch {
	case a.carries():
		return reading{}
	case a.relation != embedded:
		return reading{first: true}
	}
	return reading{claimed: a.scope.full(), under: a.path}
}

// report hands a report on to the scope, in paths of the scope's result.
func (a attachment) report(r Report) {
	if a.relation == unused || !r.known || r.Complete() {
		return
	}
	switch {
	case a.carries():
		r = condensed(r)
	case a.relation == unstated || a.relation == unclear:
		r = r.summed()
	}
	r = reading{claimed: a.scope.full(), under: a.path}.report(r)
	a.scope.add(r.At(a.path).markers, r.unmarked())
}

// condensed returns what a report says of the whole response, and one marker for all in
// it that is degraded.
func condensed(r Report) Report {
	whole := 0 // their path comes first
	for whole < len(r.markers) && r.markers[whole].Path == "" {
		whole++
	}
	if whole == 0 {
		return r.summed()
	}
	said := Report{known: true, markers: slices.Clone(r.markers[:whole])}
	if whole == len(r.markers) && !r.truncated {
		return said
	}
	return Union(said, r.summed())
}
