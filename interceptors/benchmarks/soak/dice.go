package main

import (
	"math/rand/v2"
	"sync"
	"time"
)

// dice is a source of randomness that is safe for concurrent use.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

// newDice returns dice of their own for each pair of seed and stream.
func newDice(seed, stream uint64) *dice {
	return &dice{r: rand.New(rand.NewPCG(seed, stream))} //nolint:gosec // it is for faults, not for secrets
}

// chance reports true in that share of cases.
func (d *dice) chance(share float64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Float64() < share
}

// below returns a number in [0, n).
func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

// number returns any number.
func (d *dice) number() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Uint64()
}

// between returns a duration in [least, most).
func (d *dice) between(least, most time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return least + time.Duration(d.r.Int64N(int64(most-least)))
}

// bytes returns n random bytes.
func (d *dice) bytes(n int) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(d.r.Uint32() & 0xff)
	}
	return b
}

// printable returns n characters that metadata may have.
func (d *dice) printable(n int) []byte {
	b := d.bytes(n)
	for i := range b {
		b[i] = ' ' + b[i]%('~'-' ')
	}
	return b
}

// pick returns one of the choices.
func pick[T any](d *dice, choices ...T) T { return choices[d.below(len(choices))] }
