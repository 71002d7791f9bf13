package breaker

import "errors"

// ErrOpen is wrapped by every refusal by a breaker: the circuit is open, or
// half-open with all probes in flight.
var ErrOpen = errors.New("breaker: open")
