// Package target type-checks a module for systems other than this one.
//
// Types are what can differ: the size of int, files for one system, names that a
// system's packages do not have. To check them, tests and all dependencies
// included, takes a tenth of the time that it takes to compile them.
package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Check type-checks every package of the module in the folder root, its tests and
// all that they import for each of the targets, which are written linux/arm64. It
// prints a line for each to out, and returns what does not compile.
func Check(ctx context.Context, root string, targets []string, out io.Writer) (findings []string, err error) {
	for _, t := range targets {
		system, arch, ok := strings.Cut(t, "/")
		if !ok {
			return nil, fmt.Errorf("target = %q; must be a system and an architecture, such as linux/arm64", t)
		}
		all, err := packages.Load(&packages.Config{
			Context: ctx, Dir: root, Tests: true,
			Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
				packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedTypesSizes,
			Env: append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0"),
		}, "./...")
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", t, err)
		}
		if len(all) == 0 {
			return nil, errors.New("target: no packages in " + root)
		}
		packages.Visit(all, nil, func(p *packages.Package) {
			for _, e := range p.Errors {
				findings = append(findings, fmt.Sprintf("%s: %s: %v", t, p.ID, e))
			}
		})
		fmt.Fprintf(out, "%s: %d packages, tests counted\n", t, len(all))
	}
	return findings, nil
}
