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
	"github.com/afloat-go/afloat/tools/house/internal/licence"
	"github.com/afloat-go/afloat/tools/house/internal/measure"
	"github.com/afloat-go/afloat/tools/house/internal/target"
)

// How the program ends.
const (
	exitGood   = 0
	exitPassed = 1 // a bound, or something that must not be
	exitFailed = 2 // the program
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// errUsage says what the program can be asked for.
var errUsage = errors.New("usage: house measures [-root folder], house api [-root folder] -out folder, " +
	"house licences [-root folder] -list file module, or house targets [-root folder] system/architecture")

// run carries out the command line and returns how the program ends.
func run(args []string, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("house", flag.ContinueOnError)
	flags.SetOutput(complaints)
	root := flags.String("root", "../..", "the root of the repository")
	listing := flags.String("out", "", "with api: the folder to write to")
	allowed := flags.String("list", "", "with licences: the file that lists those that are allowed")
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return exitFailed // it has been told
	}
	findings, err := carryOut(command, *root, *listing, *allowed, flags.Args(), out)
	for _, f := range findings {
		fmt.Fprintln(complaints, f)
	}
	switch {
	case err != nil:
		fmt.Fprintln(complaints, err)
		return exitFailed
	case len(findings) > 0:
		return exitPassed
	default:
		return exitGood
	}
}

// carryOut carries out a command and returns what must not be.
func carryOut(command, root, listing, allowed string, args []string, out io.Writer) ([]string, error) {
	ctx := context.Background()
	switch {
	case command == "measures" && len(args) == 0:
		return measures(root, out)
	case command == "api" && len(args) == 0 && listing != "":
		return nil, api.Write(ctx, root, listing)
	case command == "licences" && len(args) > 0 && allowed != "":
		return licences(ctx, root, allowed, args, out)
	case command == "targets" && len(args) > 0:
		return target.Check(ctx, root, args, out)
	default:
		return nil, errUsage
	}
}

// licences compares the licences of the modules' dependencies with the list in the
// file.
func licences(ctx context.Context, root, file string, modules []string, out io.Writer) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	list, err := licence.ParseList(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return licence.Check(ctx, root, modules, list, out)
}

// measures prints the tables and returns where a bound is passed.
func measures(root string, out io.Writer) ([]string, error) {
	all, err := measure.Read(os.DirFS(root), "interceptors", "cmd", "examples", "tools")
	if err != nil {
		return nil, err
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
		return nil, err
	}
	if err := measure.Print(out, "examples, benchmarks, proof, tools", programs); err != nil {
		return nil, err
	}
	return append(measure.Library().Check(library), measure.Programs().Check(programs)...), nil
}

// isLibrary reports whether the folder belongs to the module that programs
// import.
func isLibrary(folder string) bool {
	top, rest, _ := strings.Cut(folder, "/")
	within, _, _ := strings.Cut(rest, "/")
	return top == "cmd" || top == "interceptors" && within != "benchmarks" && within != "proof"
}
