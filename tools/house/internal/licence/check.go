// Package licence compares the licences of dependencies with a list of those that
// are allowed. It reads the files that the modules bring, with the matcher that
// pkg.go.dev uses; nothing but the module proxy is asked.
package licence

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// Check reads the licences of all dependencies of the modules, which are folders
// below root, prints to out how many modules have which, and returns what the list
// does not allow, with what it allows and nobody has.
func Check(ctx context.Context, root string, modules []string, list *List, out io.Writer) (findings []string, err error) {
	folders := map[folder]bool{}
	for _, m := range modules {
		of, err := dependencies(ctx, filepath.Join(root, m))
		if err != nil {
			return nil, err
		}
		maps.Copy(folders, of)
	}
	used, having := map[row]bool{}, map[string]map[string]bool{}
	for _, f := range slices.SortedFunc(maps.Keys(folders), func(a, b folder) int { return cmp.Compare(a.dir, b.dir) }) {
		ids, unknown, err := f.licences()
		if err != nil {
			return nil, err
		}
		findings = append(findings, unknown...)
		if len(ids)+len(unknown) == 0 && f.dir == f.root {
			findings = append(findings, f.String()+": no licence")
		}
		for _, id := range ids {
			if having[id] == nil {
				having[id] = map[string]bool{}
			}
			having[id][f.module] = true
			if !list.allows(id, f.module, used) {
				findings = append(findings, fmt.Sprintf("%s: %s is not in the list", f, id))
			}
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, id := range slices.Sorted(maps.Keys(having)) {
		fmt.Fprintf(table, "%s\t%d modules\n", id, len(having[id]))
	}
	return append(findings, list.unused(used)...), table.Flush()
}
