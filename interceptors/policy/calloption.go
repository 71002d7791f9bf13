package policy

import "google.golang.org/grpc"

// callOption is a grpc.CallOption that only afloat's adapters read. gRPC and
// other interceptors pass it on without effect.
type callOption struct {
	grpc.EmptyCallOption

	overrides Overrides
}

// Overrides is what the call options of one call change.
type Overrides struct {
	// Skip: no policy at all.
	Skip bool
	// Chain takes the place of the one that the rules give, if Replace is set.
	Chain   *Chain
	Replace bool
	// Classifier takes the place of every other, if not nil.
	Classifier Classifier
}

// Skip lets one call pass by all policies.
func Skip() grpc.CallOption {
	return callOption{overrides: Overrides{Skip: true}}
}

// Override puts one call under c in place of the chain that the rules give. A
// nil c has no policies.
func Override(c *Chain) grpc.CallOption {
	return callOption{overrides: Overrides{Chain: c, Replace: true}}
}

// Reclassify reads the end of one call by f, whatever its policies use. A nil
// f changes nothing.
func Reclassify(f Classifier) grpc.CallOption {
	return callOption{overrides: Overrides{Classifier: f}}
}

// OverridesOf finds the overrides among the options of a call. The later of
// two wins.
func OverridesOf(opts []grpc.CallOption) Overrides {
	var o Overrides
	for _, opt := range opts {
		if own, ok := opt.(callOption); ok {
			o = o.merge(own.overrides)
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
