package policy

import (
	"context"

	"github.com/afloat-go/afloat/interceptors/internal/alternative"
)

// WithAlternative returns a context for calls whose caller has something else to use if
// they are refused: a kept value, another service, a response without that part. A policy
// may then refuse what is merely slow. Package fallback says so of every step that is not
// the last, and package fanout of optional sources.
func WithAlternative(ctx context.Context) context.Context { return alternative.Of(ctx) }

// HasAlternative reports whether the caller of a call has something else to use, as
// [WithAlternative] says.
func HasAlternative(ctx context.Context) bool { return alternative.Known(ctx) }
