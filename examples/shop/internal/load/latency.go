package load

import (
	"math"
	"slices"
	"time"
)

// Latencies returns the latencies of the requests that were answered, in no
// order.
func Latencies[A any](results []Result[A]) []time.Duration {
	var all []time.Duration
	for _, r := range results {
		if r.Err == nil {
			all = append(all, r.Latency)
		}
	}
	return all
}

// Percentile returns the least latency that at least the share p of them, in
// (0, 1], do not exceed. It is 0 if there are none.
func Percentile(latencies []time.Duration, p float64) time.Duration {
	if len(latencies) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(latencies))
	rank := int(math.Ceil(p * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
