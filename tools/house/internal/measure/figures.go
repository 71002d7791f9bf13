package measure

import (
	"cmp"
	"slices"
)

// lengths returns what length says of each of xs, least first.
func lengths[T any](xs []T, length func(T) int) []int {
	all := make([]int, len(xs))
	for i, x := range xs {
		all[i] = length(x)
	}
	slices.Sort(all)
	return all
}

// quantile returns the least of the sorted values that q of them do not exceed,
// 0 of none.
func quantile(sorted []int, q float64) int {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// past returns how many of the sorted values are above the limit.
func past(sorted []int, limit int) int {
	i, _ := slices.BinarySearchFunc(sorted, limit+1, cmp.Compare)
	return len(sorted) - i
}

// share returns the percentage that n is of all, 0 of none.
func share(n, all int) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(n) / float64(all)
}

// filter returns those of xs that are to be kept.
func filter[T any](xs []T, keep func(T) bool) []T {
	var kept []T
	for _, x := range xs {
		if keep(x) {
			kept = append(kept, x)
		}
	}
	return kept
}
