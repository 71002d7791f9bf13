// Package api lists what packages export: one line for each constant, variable,
// function, type, method and exported field, sorted, so that a change of the
// surface is a change of few lines.
package api

import (
	"context"
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"strings"
)

// Write writes a listing of each public package of the module in the folder root
// to the folder out, as <path within the module>.txt.
func Write(ctx context.Context, root, out string) error {
	all, err := list(ctx, root)
	if err != nil {
		return err
	}
	packages, err := load(all)
	if err != nil {
		return err
	}
	for _, p := range packages {
		name := filepath.Join(out, filepath.FromSlash(p.within())+".txt")
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // for everybody, as all of a checkout is
			return fmt.Errorf("api: %w", err)
		}
		if err := os.WriteFile(name, []byte(Listing(p.types)), 0o644); err != nil { //nolint:gosec // the same
			return fmt.Errorf("api: %w", err)
		}
	}
	return nil
}

// public is a package that other modules may import.
type public struct {
	module string
	types  *types.Package
}

// within returns the path within the module, and the package's name for the one
// at its root.
func (p public) within() string {
	if p.types.Path() == p.module {
		return p.types.Name()
	}
	return strings.TrimPrefix(p.types.Path(), p.module+"/")
}
