package fanout

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
)

// What is looked up is what comparing all pairs would find, in the same order.
func TestBoundPathsFindWhatComparingAllPairsFinds(t *testing.T) {
	t.Parallel()
	parts := []string{"a", "b", ".a", ".b", "[*]", `["a"]`, `["a.b"]`, `["b[*]"]`, ".", "[", ""}
	rng := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 300 {
		bound, before := newBoundPaths(0), []string(nil)
		for range 20 {
			var b strings.Builder
			for range rng.IntN(5) {
				b.WriteString(parts[rng.IntN(len(parts))])
			}
			path, want := b.String(), []string(nil)
			for _, other := range before {
				if fieldpath.Covers(path, other) || fieldpath.Covers(other, path) {
					want = append(want, other)
				}
			}
			if got := bound.add(path); !slices.Equal(got, want) {
				t.Fatalf("%q overlaps with %q; want %q, of %q", path, got, want, before)
			}
			before, found = append(before, path), found+len(want)
		}
	}
	if found == 0 {
		t.Error("nothing overlapped")
	}
}
