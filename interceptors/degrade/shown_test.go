package degrade_test

import (
	"slices"
	"testing"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// Names of elements and sources are shown as they are: none breaks a line, drives a terminal
// or changes the direction of text.
func TestNamesOfMarkersAreFitToBeShown(t *testing.T) {
	t.Parallel()
	const drives = "\n\r\t\x00\x1b[2J\u009b\u202e\u2066\u2028"
	keys := []string{"größe", "👩‍💻", "two words", drives, "a\x1b[31m", "a\nb", "a\u202eb", "\u0085"}
	r := degrade.NewReport(degrade.Marker{
		Path: "items[*]", State: degrade.Missing, Keys: keys,
		Source: degrade.Source{Name: "größe" + drives, Origin: "a\nb", Fallback: "\x1b[31mred"},
	})
	for m := range r.Markers() {
		if want := keys[:3]; !slices.Equal(m.Keys, want) || m.Count != len(want) && m.Count != len(keys) {
			t.Errorf("keys %q, of %d; want %q", m.Keys, m.Count, want)
		}
		if s := m.Source; s.Name != "größe[2J" || s.Origin != "ab" || s.Fallback != "[31mred" {
			t.Errorf("the source is %q, %q, %q", s.Name, s.Origin, s.Fallback)
		}
	}
}
