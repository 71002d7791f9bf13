package fanout

// binding is a checked source. It is immutable once the plan is made.
type binding[Req, Resp any] interface {
	// path is that of the field.
	path() string
	// takes reports whether it begins another binding, which has that place in the
	// plan, together with itself: one of its own type, whose tasks are allocated with
	// its own.
	takes(other binding[Req, Resp], place int) bool
	// begin makes the tasks of all that it has taken, itself among them, for a run.
	begin(r *run[Req, Resp])
}

// grouped has one of the bindings take b, or adds it to them.
func grouped[Req, Resp any](all []binding[Req, Resp], b binding[Req, Resp], place int) []binding[Req, Resp] {
	for _, other := range all {
		if other.takes(b, place) {
			return all
		}
	}
	b.takes(b, place)
	return append(all, b)
}
