package licence

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/google/licensecheck"
)

// folder is where a licence may stand: the root of a module, or a folder between
// it and a package that is compiled.
type folder struct{ module, root, dir string }

// enough is how many percent of the text must be a licence that is known, for the
// rest to be a heading or a copyright line.
const enough = 75

// text matches the names of files that hold licences, and of no source.
var text = regexp.MustCompile(`(?i)^(un|mit-)?(licen[cs]e|copying)([-._].*)?$`)

// licences returns the licences of the files in the folder, each once, and a
// finding for each file whose licence cannot be told.
func (f folder) licences() (ids, findings []string, err error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("licences: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() || !text.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(f.dir, e.Name()))
		if err != nil {
			return nil, nil, fmt.Errorf("licences: %w", err)
		}
		is := licensecheck.Scan(content)
		if len(is.Match) == 0 || is.Percent < enough {
			findings = append(findings, fmt.Sprintf("%s: %s is %.0f %% of a known licence; must be %d %%", f, e.Name(), is.Percent, enough))
		}
		for _, m := range is.Match {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), findings, nil
}

// String returns the module, and the folder within it.
func (f folder) String() string {
	within, err := filepath.Rel(f.root, f.dir)
	if err != nil || within == "." {
		return f.module
	}
	return f.module + "/" + filepath.ToSlash(within)
}
