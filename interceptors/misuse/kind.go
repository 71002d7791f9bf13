package misuse

// Kind is a way to misuse the toolkit, by its name in logs and metrics.
type Kind string

// The kinds.
const (
	// GuardedTwice: the guard of package interceptors stands twice around the calls of one
	// client or server, so that each takes two places and is counted twice.
	GuardedTwice Kind = "guarded_twice"
	// RetriedTwice: two retry interceptors stand around each other, so that their attempts
	// multiply.
	RetriedTwice Kind = "retried_twice"
	// RetryOutsideFallbacks: a retry interceptor stands outside of the fallbacks, which
	// answer the first failure, so that nothing is ever repeated.
	RetryOutsideFallbacks Kind = "retry_outside_fallbacks"
	// ReportUnread: a call with degrade.Capture was made on a connection without the
	// interceptors that read reports.
	ReportUnread Kind = "report_unread"
	// MarkOutsideScope: a field was marked under a context without a scope, so that nobody
	// hears of it.
	MarkOutsideScope Kind = "mark_outside_scope"
	// MarkUnknownField: a field was marked that the response does not have, so that the
	// part of its path that exists counts as degraded, or the whole response.
	MarkUnknownField Kind = "mark_unknown_field"
	// MarkerField: a response has a field for markers of a form that is not allowed, such
	// as a second one, so that its markers travel in a trailer.
	MarkerField Kind = "marker_field"
	// MethodUnknown: there are fallbacks for a service that no linked .proto file has.
	MethodUnknown Kind = "method_unknown"
	// FileUnwatched: a set of rules has a file, and after a minute nobody follows its changes.
	FileUnwatched Kind = "file_unwatched"
	// NoRules: a set of rules has no source, and after a minute nothing was applied.
	NoRules Kind = "no_rules"
)

// remedy says what to do about the kind.
func (k Kind) remedy() string {
	switch k {
	case GuardedTwice:
		return "put DialOptions or ServerOptions on each connection or server once"
	case RetriedTwice:
		return "keep one of the retry interceptors"
	case RetryOutsideFallbacks:
		return "give the retry to retrying.WithRetry or interceptors.WithRetrier, which puts it between fallbacks and guard"
	case ReportUnread:
		return "dial with interceptors.DialOptions, or with the client interceptors of package degrade"
	case MarkOutsideScope:
		return "serve with interceptors.ServerOptions, or open a scope with degrade.Open"
	case MarkUnknownField:
		return "mark a field of the response, by its name in the .proto file"
	case MarkerField:
		return "have one field of type afloat.degrade.v1.Degradation, not repeated and in no oneof"
	case MethodUnknown:
		return "check the spelling, or link the generated code of the service"
	case FileUnwatched:
		return "call Watch of the set, or Reload when the file has changed; give it a file that stays as it is by config.WithParsed"
	case NoRules:
		return "give the set a file, rules of code or extensions"
	default:
		return "see the documentation"
	}
}
