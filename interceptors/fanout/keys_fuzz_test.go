package fanout_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// FuzzKeys asks for any keys that a request may name: each arrives or is counted as
// missing, none beyond the bound is asked for, and what is said of them is bounded.
func FuzzKeys(f *testing.F) {
	for _, keys := range []string{
		"", "a", "a,b,c", ",,,", "a,a,a", "\x1b[2J,\xff,\x00\n", many(3000), strings.Repeat("x", 70_000) + ",y", `",\,[*],]`,
	} {
		f.Add(keys, uint8(3))
		f.Add(keys, uint8(0))
	}
	const most = 16
	f.Fuzz(func(t *testing.T, list string, fails uint8) {
		keys := strings.Split(list, ",")
		slices.Sort(keys)
		keys = slices.Compact(keys) // markers know elements by their names
		asked := make(chan struct{}, len(keys))
		plan, err := fanout.NewPlan("p", fanout.Each("tags", func(request) []string { return keys },
			func(_ context.Context, _ request, key string) (string, error) {
				asked <- struct{}{}
				if fails > 0 && len(key)%int(fails) == 0 {
					return "", errDown
				}
				return "x", nil
			}, setTags).Named(func(k string) string { return k }).MaxKeys(most).AtLeast(0).Parallel(4))
		if err != nil {
			t.Fatal(err)
		}
		resp := new(testv1.GetProfileResponse)
		report, err := plan.Gather(t.Context(), nil, resp)
		if err != nil {
			return // nothing arrived
		}
		missing := 0
		for m := range report.Markers() {
			if degrade.CheckPath(m.Path) != nil || len(m.Keys) > degrade.MaxKeys || m.Count < len(m.Keys) {
				t.Fatalf("%+v", m)
			}
			for _, k := range m.Keys {
				if len(k) > degrade.MaxKeyBytes {
					t.Fatalf("the name of a key has %d bytes", len(k))
				}
			}
			missing += m.Count
		}
		if len(resp.GetTags())+missing != len(keys) {
			t.Fatalf("%d arrived, %d are missing; want %d in all: %v", len(resp.GetTags()), missing, len(keys), report)
		}
		if len(asked) > most {
			t.Fatalf("%d keys were asked for; want %d at most", len(asked), most)
		}
	})
}

// many returns n keys.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d,", i)
	}
	return b.String()
}
