package policy

import "google.golang.org/grpc"

// callOption is a grpc.CallOption that only afloat's adapters read. gRPC and
// other interceptors pass it on without effect.
type callOption struct {
	grpc.EmptyCallOption

	overrides Overrides
}

// Overrides is what the call options of one call change. The zero Overrides
// change nothing.
type Overrides struct {
	// Skip: no policy at all.
	Skip bool
	// Chain replaces the chain that the rules give, if Replace is set.
	Chain   *Chain
	Replace bool
	// Classifier, if not nil, replaces all other classifiers.
	Classifier Classifier
	// Told, if not nil, is where the guard says how the call was judged.
	Told *Told
}

// Skip lets one call bypass all policies.
func Skip() grpc.CallOption {
	return callOption{overrides: Overrides{Skip: true}}
}

// Override guards one call with c in place of the chain that the rules give. A
// nil c has no policies.
func Override(c *Chain) grpc.CallOption {
	return callOption{overrides: Overrides{Chain: c, Replace: true}}
}

// Reclassify classifies the end of one call with f, whatever classifiers its
// policies use. A nil f changes nothing.
func Reclassify(f Classifier) grpc.CallOption {
	return callOption{overrides: Overrides{Classifier: f}}
}

// OverridesOf returns the overrides among the options of a call. If two
// conflict, the later one wins.
func OverridesOf(opts []grpc.CallOption) Overrides {
	var o Overrides
	for _, opt := range opts {
		switch own := opt.(type) {
		case callOption:
			o = o.merge(own.overrides)
		case *Told:
			o.Told = own
		}
	}
	return o
}

func (o Overrides) merge(later Overrides) Overrides {
	o.Skip = o.Skip || later.Skip
	if later.Replace {
		o.Chain, o.Replace, o.Skip = later.Chain, true, false
	}
	if later.Classifier != nil {
		o.Classifier = later.Classifier
	}
	return o
}
