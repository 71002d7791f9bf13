package policy

// isLeaf reports whether err is no status, nor what has one in another form, wraps nothing
// and claims to be nothing else. Of such an error, as most that are no status are, a look at
// its type says it all.
func isLeaf(err error) bool {
	switch err.(type) { //nolint:errorlint // what is wrapped is what is looked for
	case statusError, interface{ Unwrap() error }, interface{ Unwrap() []error }, interface{ Is(error) bool }, interface{ As(any) bool },
		interface{ Message() string }: // as errors of connect-go have
		return false
	default:
		return true
	}
}

// statusIn returns the first status in err's tree.
func statusIn(err error) (found statusError, ok bool) {
	if found, ok = err.(statusError); ok || isLeaf(err) { //nolint:errorlint // the walk is next
		return found, ok
	}
	return find[statusError](err)
}

// find returns the first error of type E in err's tree, as [errors.AsType] does, but
// allocates nothing: it runs at the end of every failed call.
func find[E error](err error) (found E, ok bool) {
	for err != nil {
		if found, ok = err.(E); ok { //nolint:errorlint // the walk through what is wrapped is below
			return found, true
		}
		if as, has := err.(interface{ As(target any) bool }); has {
			if found, ok = asked[E](as); ok {
				return found, true
			}
		}
		switch wraps := err.(type) { //nolint:errorlint // this is that walk
		case interface{ Unwrap() error }:
			err = wraps.Unwrap()
		case interface{ Unwrap() []error }:
			for _, each := range wraps.Unwrap() {
				if found, ok = find[E](each); ok {
					return found, true
				}
			}
			return found, false
		default:
			return found, false
		}
	}
	return found, false
}

// asked returns what an error makes of itself. Only this allocates.
func asked[E error](err interface{ As(target any) bool }) (found E, ok bool) {
	target := new(E)
	ok = err.As(target)
	return *target, ok
}
