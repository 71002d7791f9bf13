// Package chance has the randomness of policies: of jitter, and of shares of calls. It
// is no secret from anybody. A laboratory can make it the same in every run.
package chance

import (
	"math/rand/v2"
	"sync/atomic"
)

// Source is random numbers for one policy. It is safe for concurrent use, and takes no
// lock. Make one with [New]; the zero Source works, but is the same as every other.
type Source struct{ state atomic.Uint64 }

// fixed is what all sources are made from, zero if each is different in each process.
var fixed atomic.Uint64 //nolint:gochecknoglobals // a process has one laboratory in it at the most

// Fix makes what sources return depend on seed and their names alone, from now on, for
// all those that are seeded from now on. Zero makes it differ again.
func Fix(seed uint64) { fixed.Store(seed) }

// Seed gives s its beginning: another one for each source and process, or what the name
// says after [Fix]. It must not run at the same time as another method.
func (s *Source) Seed(name string) {
	if seed := fixed.Load(); seed != 0 {
		s.state.Store(mix(seed ^ sum(name)))
		return
	}
	s.state.Store(rand.Uint64()) //nolint:gosec // no secret
}

// Uint64 returns a random number.
func (s *Source) Uint64() uint64 { return mix(s.state.Add(step)) }

// Float64 returns a random number in [0, 1).
func (s *Source) Float64() float64 { return float64(s.Uint64()>>11) / (1 << 53) }

// step is the golden ratio's, as of SplitMix64 by Steele, Lea and Flood.
const step = 0x9e3779b97f4a7c15

// mix scrambles a state: the output function of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// sum hashes a name by FNV-1a, which is the same in each process.
func sum(name string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return h
}
