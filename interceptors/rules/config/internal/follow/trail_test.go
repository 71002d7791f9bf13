package follow

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A trail leads over everything whose change may be one of the file, and over
// nothing else.
func TestTrail(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.MkdirAll(in("volume/..1"), 0o700), os.WriteFile(in("volume/..1/rules"), nil, 0o600),
		os.Symlink("..1", in("volume/..data")), os.Symlink("..data/rules", in("volume/rules")),
		os.MkdirAll(in("app"), 0o700), os.Symlink("../volume/rules", in("app/rules")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"app/rules":     "app app/rules volume volume/..1 volume/..1/rules volume/..data volume/rules",
		"app/other/x":   "app app/other",
		"app/rules/x":   "app app/rules volume volume/..1 volume/..1/rules volume/..1/rules/x volume/..data volume/rules",
		"./app/../none": "none",
	} {
		trail, err := trailOf(dir + "/" + path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		var names []string
		for name := range trail.names {
			if own, ok := strings.CutPrefix(name, dir+"/"); ok {
				names = append(names, own)
			}
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s leads over %s; want %s", path, got, want)
		}
		if !trail.leadsOver(dir) || trail.leadsOver(in("volume/..2")) || trail.leadsOver(in("rules")) {
			t.Errorf("%s: does not lead over its folder, or over others", path)
		}
	}
}
