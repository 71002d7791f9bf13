package lab

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"time"
)

// Dice are the random numbers of one run.
type Dice struct{ pcg rand.PCG }

// NewDice returns the dice of a seed.
func NewDice(seed uint64) *Dice {
	d := new(Dice)
	d.pcg.Seed(seed, 0x6c61626f7261746f)
	return d
}

// Below returns a duration in [0, most).
func (d *Dice) Below(most time.Duration) time.Duration {
	return time.Duration(d.pcg.Uint64() % uint64(most)) //nolint:gosec // most is positive, and the bias is below 1e-6
}

// Hits reports whether something happens that happens to share of all calls.
func (d *Dice) Hits(share Share) bool { return uint32(d.pcg.Uint64()>>32) < uint32(share) }

// gap returns the time to the next of events that come at random, mean apart.
func (d *Dice) gap(mean time.Duration) time.Duration { return exponential.times(mean, d.pcg.Uint64()) }

// Draw is what chance has for one call. It is drawn for every call, sent or not, so that
// two guards meet the same luck.
type Draw struct{ fate, time uint64 }

// draw returns the luck of the next call.
func (d *Dice) draw() Draw { return Draw{d.pcg.Uint64(), d.pcg.Uint64()} }

// Hits reports whether something happens that happens to share of all calls.
func (d Draw) Hits(share Share) bool { return uint32(d.fate) < uint32(share) } //nolint:gosec // the lower half

// HitsToo reports the same of a second thing, whatever became of the first.
func (d Draw) HitsToo(share Share) bool { return uint32(d.fate>>32) < uint32(share) }

// Share is a share of calls, in parts of 1<<32 - 1.
type Share uint32

// Percent returns a share.
func Percent(p float64) Share { return Share(p / 100 * math.MaxUint32) }

// Around returns a log-normal duration with a median.
func (d Draw) Around(median time.Duration) time.Duration { return logNormal.times(median, d.time) }

// Widely returns a log-normal duration that varies a hundredfold.
func (d Draw) Widely(median time.Duration) time.Duration { return wide.times(median, d.time) }

// quantiles are those of a distribution, in parts of one: of these whole numbers, each
// machine makes the same durations, which floating point does not promise.
type quantiles [cells + 1]uint64

const (
	cellBits = 12
	cells    = 1 << cellBits
	oneBits  = 20
	one      = 1 << oneBits
)

// Sigma is that of healthy calls: the slowest of a hundred takes 2.5 times the median.
const Sigma = 0.4

// wideSigma puts one call of a hundred below a tenth of the median, and one above ten
// times of it.
const wideSigma = 1

//nolint:gochecknoglobals // tables, never written again
var (
	logNormal   = quantilesOf(func(p float64) float64 { return math.Exp(Sigma * normal(p)) })
	wide        = quantilesOf(func(p float64) float64 { return math.Exp(wideSigma * normal(p)) })
	exponential = quantilesOf(func(p float64) float64 { return -math.Log1p(-p) })
)

// normal returns a quantile of the standard normal distribution.
func normal(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// quantilesOf makes a table. The outermost quarter of the outermost cells is cut off.
func quantilesOf(f func(p float64) float64) *quantiles {
	q := new(quantiles)
	for i := range q {
		p := min(max(float64(i)/cells, 0.25/cells), 1-0.25/cells)
		q[i] = uint64(math.Round(f(p) * one))
	}
	return q
}

// times returns d times the value at u, which is even over all numbers of 64 bits.
func (q *quantiles) times(d time.Duration, u uint64) time.Duration {
	const fractionBits = 32
	i, fraction := u>>(64-cellBits), u>>(64-cellBits-fractionBits)&(1<<fractionBits-1)
	return scaled(d, q[i]+(q[i+1]-q[i])*fraction>>fractionBits)
}

// at returns d times the quantile p.
func (q *quantiles) at(d time.Duration, p float64) time.Duration {
	return scaled(d, q[int(p*cells)])
}

// scaled returns d times value, which is in parts of one.
func scaled(d time.Duration, value uint64) time.Duration {
	hi, lo := bits.Mul64(uint64(d), value)               //nolint:gosec // durations are not negative
	return time.Duration(hi<<(64-oneBits) | lo>>oneBits) //nolint:gosec // far below 1<<63
}
