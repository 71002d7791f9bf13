package overload

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// token says when a call began, and of which method it is. Zero: the call is not timed.
type token uint64

// idBits are those of the method.
const idBits = 10

// tokenOf returns the token of a call of the method with that id, which is not zero.
func tokenOf(begin policy.Instant, id uint16) token {
	return token(begin)<<idBits | token(id) //nolint:gosec // the bits, modulo 200 days
}

// id returns that of the method.
func (t token) id() uint16 { return uint16(t & (1<<idBits - 1)) }

// until returns how long it has been from the beginning to an instant.
func (t token) until(end policy.Instant) time.Duration {
	return time.Duration((token(end)<<idBits - t&^(1<<idBits-1)) >> idBits) //nolint:gosec // modulo 200 days
}
