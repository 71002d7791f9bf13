package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// However many rules there are, a method meets those of its own name only, and looks for
// them as often as there are lengths of packages at most.
func TestMethodsMeetTheirOwnRules(t *testing.T) {
	t.Parallel()
	all := []Rule{{Match: "*"}, {Match: "/a.*"}, {Match: "/a.b.*"}, {Match: "/a.b.C/*"}, {Match: "/a.b.C/D"}, {Match: "/a.b.C.*"}}
	for i := range 10_000 {
		all = append(all, Rule{Match: fmt.Sprintf("/tenant%05d.*", i)})
	}
	m, err := newMatcher(all, policy.NopObserver{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{13, 7, 5, 3}; !slices.Equal(m.enforced.lengths, want) {
		t.Errorf("lengths of packages %v; want each once, the longest first: %v", m.enforced.lengths, want)
	}
	for method, want := range map[string]string{
		"/a.b.C/D":            "/a.b.C/D /a.b.C/ /a.b. /a.",
		"/a.b.C/E":            "/a.b.C/ /a.b. /a.",
		"/a.b.C.D/E":          "/a.b.C. /a.b. /a.",
		"/a.bc.D/E":           "/a.",
		"/ab.C/D":             "",
		"/a":                  "",
		"/tenant00042.S/M":    "/tenant00042.",
		"/tenant00042.b.S/M.": "/tenant00042.",
		"*":                   "",
	} {
		var got []string
		for g := range m.enforced.covering(method) {
			got = append(got, g.pattern.text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s meets %q; want %q", method, got, want)
		}
	}
}
