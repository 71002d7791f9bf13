package measure

import (
	"fmt"
	"go/token"
	"io"
	"slices"
	"text/tabwriter"
)

// Print writes a table of the packages and of their total, then the names of
// the types whose methods are in several files.
func Print(w io.Writer, title string, packages []*Package) error {
	all := Total("in all", packages)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\tfiles\tlines\t\t\t\tfuncs\tlines\t\t\t\t\ttypes\tin several\texported\tdocumented\tfunc docs\t\t\n", title)
	fmt.Fprintf(t, "\t\tmed\tp90\tmax\t>%d\t\tmed\tp99\tmax\t>%d\t>%d\t\tfiles\t\t\tverb\tis, has\tother\n", longFile, longFunc, longestFunc)
	for _, p := range append(slices.Clip(packages), all) {
		row(t, p)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "func docs that begin with a verb: exported %s, unexported %s\n", verbs(all, true), verbs(all, false))
	for _, s := range all.Scattered() {
		fmt.Fprintln(w, s)
	}
	_, err := fmt.Fprintln(w)
	return err
}

// Files and functions past these lengths are counted.
const (
	longFile    = 300
	longFunc    = 40
	longestFunc = 60
)

// row writes the figures of a package.
func row(w io.Writer, p *Package) {
	files, funcs, documented := p.fileLines(), p.funcLines(), p.DocumentedFuncs()
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t", p.Path,
		len(files), quantile(files, 0.5), quantile(files, 0.9), quantile(files, 1), past(files, longFile))
	fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t",
		len(funcs), quantile(funcs, 0.5), quantile(funcs, 0.99), quantile(funcs, 1), past(funcs, longFunc), past(funcs, longestFunc))
	fmt.Fprintf(w, "%d\t%s\t%d\t%d/%d\t", len(p.Types), counted(len(p.Scattered()), len(p.Types)), p.Exported(),
		len(filter(p.Names, func(n Name) bool { return n.Documented })), len(p.Names))
	fmt.Fprintf(w, "%s\t%s\t%s\n", counted(len(p.Opened(Verb)), documented),
		counted(len(p.Opened(State)), documented), counted(len(p.Opened(Other)), documented))
}

// verbs returns how many comments of exported or unexported functions begin
// with a verb.
func verbs(p *Package, exported bool) string {
	documented := filter(p.Funcs, func(f Func) bool {
		return f.Opening != Undocumented && token.IsExported(f.Name) == exported
	})
	begin := filter(documented, func(f Func) bool { return f.Opening == Verb })
	return fmt.Sprintf("%d of %d (%.1f %%)", len(begin), len(documented), share(len(begin), len(documented)))
}

// counted returns n and the percentage that it is of all.
func counted(n, all int) string { return fmt.Sprintf("%d (%.0f%%)", n, share(n, all)) }
