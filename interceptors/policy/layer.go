package policy

// Layer is a policy's position in a chain. Lower layers are further out.
type Layer uint8

// The layers, outermost first. A policy that is not [Layered] is in
// LayerCustom.
const (
	LayerTimeout Layer = iota
	LayerBreaker
	LayerBulkhead
	LayerRateLimit
	LayerCustom
	// LayerFault is for policies that stand in for the dependency: the call counts
	// as started before their Acquire runs, and their error is the call's outcome,
	// not a refusal.
	LayerFault
)

// String returns the name of the layer, such as "bulkhead", as it is in
// rejections.
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

// Layered is implemented by a policy that has a layer of its own choice.
type Layered interface {
	Layer() Layer
}

// LayerOf returns the layer of p: its own if it is [Layered], else LayerCustom.
func LayerOf(p Policy) Layer {
	if l, ok := p.(Layered); ok {
		return l.Layer()
	}
	return LayerCustom
}
