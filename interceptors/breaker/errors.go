package breaker

import "errors"

// ErrOpen is what errors.Is finds in every refusal by a breaker: the circuit is
// open, or half-open with all probes under way.
var ErrOpen = errors.New("breaker: open")
