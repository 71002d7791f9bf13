package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/afloat-go/afloat/tools/house/internal/api"
	"github.com/afloat-go/afloat/tools/house/internal/measure"
)

// How the program ends.
const (
	exitGood   = 0
	exitPassed = 1 // a bound
	exitFailed = 2 // the program
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run carries out the command line and returns how the program ends.
func run(args []string, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("house", flag.ContinueOnError)
	flags.SetOutput(complaints)
	root := flags.String("root", "../..", "the root of the repository")
	listing := flags.String("out", "", "with api: the folder to write to")
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return exitFailed // it has been told
	}
	var err error
	passed := false
	switch {
	case command == "measures" && flags.NArg() == 0:
		passed, err = measures(*root, out, complaints)
	case command == "api" && flags.NArg() == 0 && *listing != "":
		err = api.Write(context.Background(), *root, *listing)
	default:
		err = errors.New("usage: house measures [-root folder], or house api [-root folder] -out folder")
	}
	switch {
	case err != nil:
		fmt.Fprintln(complaints, err)
		return exitFailed
	case passed:
		return exitPassed
	default:
		return exitGood
	}
}

// measures prints the tables and reports whether a bound is passed.
func measures(root string, out, complaints io.Writer) (passed bool, err error) {
	all, err := measure.Read(os.DirFS(root), "interceptors", "cmd", "examples", "tools")
	if err != nil {
		return false, err
	}
	var library, programs []*measure.Package
	for _, p := range all {
		if isLibrary(p.Path) {
			library = append(library, p)
		} else {
			programs = append(programs, p)
		}
	}
	if err := measure.Print(out, "library", library); err != nil {
		return false, err
	}
	if err := measure.Print(out, "examples, benchmarks, tools", programs); err != nil {
		return false, err
	}
	findings := append(measure.Library().Check(library), measure.Programs().Check(programs)...)
	for _, f := range findings {
		fmt.Fprintln(complaints, f)
	}
	return len(findings) > 0, nil
}

// isLibrary reports whether the folder belongs to the module that programs
// import.
func isLibrary(folder string) bool {
	top, rest, _ := strings.Cut(folder, "/")
	return top == "cmd" || top == "interceptors" && rest != "benchmarks" && !strings.HasPrefix(rest, "benchmarks/")
}
