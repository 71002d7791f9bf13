package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/afloat-go/afloat/internal/lab"
)

// The files of the report, in the folder of the docs.
const (
	page   = "scenarios.md"
	charts = "scenarios"
)

// report makes the report, and writes it or compares it with what is there. It is an error
// if other promises are missed than those that are known to be.
func report(ctx context.Context, docs string, update bool) error {
	b, err := takeAll(ctx, plan(), os.Stderr)
	if err != nil {
		return err
	}
	files, err := render(b)
	if err != nil {
		return err
	}
	err = compare(docs, files)
	if update {
		err = write(docs, files)
	}
	all := checks(b)
	printChecks(os.Stdout, all, true)
	return errors.Join(err, verdict(all, knownMisses()))
}

// file is one of the report.
type file struct {
	name string // in the folder of the docs
	text []byte
}

// render makes the files of the report.
func render(b book) ([]file, error) {
	files, err := drawCharts(b)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString(preface)
	writePromises(&out, checks(b))
	for _, f := range lab.Families() {
		fmt.Fprintf(&out, "\n## %s\n", f.Title)
		if len(f.Worlds) > 0 && isLearning(&f.Worlds[0]) {
			writeLearning(&out, b, f.Worlds)
			continue
		}
		for i := range f.Worlds {
			writeWorld(&out, b, &f.Worlds[i])
		}
	}
	return append(files, file{page, out.Bytes()}), nil
}

// write writes the files.
func write(docs string, files []file) error {
	var errs []error
	for _, f := range files {
		name := filepath.Join(docs, f.name)
		errs = append(errs, os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, f.text, 0o644)) //nolint:gosec // pages for everybody
	}
	return errors.Join(errs...)
}

// compare tells which files are not as they should be.
func compare(docs string, files []file) error {
	var errs []error
	for _, f := range files {
		name := filepath.Join(docs, f.name)
		is, err := os.ReadFile(name)
		if err == nil && !bytes.Equal(is, f.text) {
			err = fmt.Errorf("%s: line %d is not what the laboratory says now; write it anew with make lab-update", name, firstOther(is, f.text))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// firstOther returns the number of the first line that differs.
func firstOther(a, b []byte) int {
	as, bs := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(as), len(bs)) {
		if !bytes.Equal(as[i], bs[i]) {
			return i + 1
		}
	}
	return min(len(as), len(bs)) + 1
}

// writePromises writes what is promised, the worst place of each.
func writePromises(out *bytes.Buffer, all []check) {
	out.WriteString("\n## What is promised\n\nOf afloat's breaker without any setting. *Tightest* is where least is left.\n\n")
	out.WriteString("| promise | figure | wanted | tightest | where | places | |\n|---|---|---|---|---|---|---|\n")
	for i := 0; i < len(all); {
		n := i
		var same []check
		for n < len(all) && all[n].promise == all[i].promise {
			n++
		}
		for k := range all[i].promise.limits {
			same = same[:0]
			for _, c := range all[i:n] {
				if c.limit == &all[i].promise.limits[k] {
					same = append(same, c)
				}
			}
			writePromise(out, same)
		}
		i = n
	}
}

// writePromise writes one limit, at several places.
func writePromise(out *bytes.Buffer, same []check) {
	tightest := slices.MinFunc(same, func(a, b check) int {
		switch x, y := a.margin(), b.margin(); {
		case x < y:
			return -1
		case x > y:
			return 1
		default:
			return 0
		}
	})
	missed := 0
	for i := range same {
		if !same[i].kept() {
			missed++
		}
	}
	verdict := "kept"
	if missed > 0 {
		verdict = fmt.Sprintf("**missed** at %d", missed)
	}
	fmt.Fprintf(out, "| %s | %s | %s | %s | %s, %d/s | %d | %s |\n",
		tightest.promise.what, tightest.limit.figure, tightest.wanted(), number(tightest.measured), tightest.world, tightest.rate, len(same), verdict)
}
