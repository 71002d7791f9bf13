package policy

import (
	"slices"
)

// Layer is where a policy stands in a chain. Lower layers are further out.
type Layer uint8

// The layers, the outermost first. A policy that is not [Layered] is
// LayerCustom.
const (
	LayerTimeout Layer = iota
	LayerBreaker
	LayerBulkhead
	LayerRateLimit
	LayerCustom
	// LayerFault stands in for the dependency: the call counts as started when
	// its Acquire runs, and its error is the call's outcome, not a refusal.
	LayerFault
)

// String returns the layer by the name that its policies have in rejections, as in
// "bulkhead".
func (l Layer) String() string {
	switch l {
	case LayerTimeout:
		return "timeout"
	case LayerBreaker:
		return "breaker"
	case LayerBulkhead:
		return "bulkhead"
	case LayerRateLimit:
		return "ratelimit"
	case LayerCustom:
		return "custom"
	case LayerFault:
		return "fault"
	default:
		return "unknown"
	}
}

// Layered is implemented by a policy that says where it stands.
type Layered interface {
	Layer() Layer
}

// layerOf is where p stands.
func layerOf(p Policy) Layer {
	if l, ok := p.(Layered); ok {
		return l.Layer()
	}
	return LayerCustom
}

// ordered returns the policies by layer; those of one layer keep their order.
func ordered(policies []Policy) []Policy {
	sorted := slices.Clone(policies)
	slices.SortStableFunc(sorted, func(a, b Policy) int {
		return int(layerOf(a)) - int(layerOf(b))
	})
	return sorted
}
