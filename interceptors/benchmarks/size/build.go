package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// program is a client that has been built.
type program struct {
	name string
	// what is in it, for the table.
	what string
	// whole and stripped are its sizes in bytes.
	whole, stripped int64
	// modules are the paths of those that parts of it are from.
	modules []string
	// path is the stripped file.
	path string
}

// clients are the folders in clients/, the one that has nothing added first.
func clients() []program {
	return []program{
		{name: "plain", what: "gRPC alone"},
		{name: "gobreaker", what: "+ gobreaker, a semaphore"},
		{name: "guarded", what: "+ interceptors"},
		{name: "observed", what: "+ interceptors, telemetry"},
		{name: "failsafe", what: "+ failsafegrpc"},
		{name: "traced", what: "+ otelgrpc"},
		{name: "both", what: "+ interceptors, telemetry, otelgrpc"},
	}
}

// buildAll builds every client into dir.
func buildAll(ctx context.Context, dir string) ([]program, error) {
	programs := clients()
	for i := range programs {
		if err := programs[i].build(ctx, dir); err != nil {
			return nil, err
		}
	}
	return programs, nil
}

// build builds the program, whole and stripped, and looks what is in it.
func (p *program) build(ctx context.Context, dir string) error {
	p.path = filepath.Join(dir, p.name)
	var err error
	if p.whole, err = p.link(ctx, p.path+".whole", ""); err != nil {
		return err
	}
	if p.stripped, err = p.link(ctx, p.path, "-s -w"); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(p.path)
	if err != nil {
		return err
	}
	for _, m := range info.Deps {
		p.modules = append(p.modules, m.Path)
	}
	return nil
}

// link builds the program into a file and returns its size.
func (p *program) link(ctx context.Context, file, ldflags string) (int64, error) {
	const folder = "github.com/afloat-go/afloat/interceptors/benchmarks/size/clients/"
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=" + ldflags, "-o", file, folder + p.name}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build of %s: %w\n%s", p.name, err, said)
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
