package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// How the program ends.
const (
	exitGood   = 0
	exitWrong  = 1 // the rules
	exitFailed = 2 // the program
	exitFound  = 3
)

func main() {
	os.Exit(run(os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// stdio is what the program reads and writes.
type stdio struct {
	in              io.Reader
	out, complaints io.Writer
}

const usage = `usage: afloat command

  afloat rules check [flags] [file...]   check rules files
  afloat rules table [flags] [file]      print the policies of each method
  afloat rules simulate [flags] [file]   try the rule of a method in a world that is not well
  afloat proto export [flags] folder     write the .proto files into a folder
  afloat version                         print the version
  afloat help                            print this

A file named -, or no file, is the standard input. For the flags of a command: -h
`

// run does what the arguments say.
func run(args []string, std stdio) int {
	name, args := cut(args)
	switch name {
	case "rules":
		return runRules(args, std)
	case "proto":
		return runProto(args, std)
	case "version":
		fmt.Fprintln(std.out, version())
		return exitGood
	case "help", "-h", "-help", "--help":
		fmt.Fprint(std.out, usage)
		return exitGood
	default:
		return unknown(name, std)
	}
}

// runRules does what the arguments after rules say.
func runRules(args []string, std stdio) int {
	name, args := cut(args)
	switch name {
	case "check":
		return runCheck(args, std)
	case "table":
		return runTable(args, std)
	case "simulate":
		return runSimulate(args, std)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(std.out, usage)
		return exitGood
	default:
		return unknown("rules "+name, std)
	}
}

// runProto does what the arguments after proto say.
func runProto(args []string, std stdio) int {
	name, args := cut(args)
	switch name {
	case "export":
		return runExport(args, std)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(std.out, usage)
		return exitGood
	default:
		return unknown("proto "+name, std)
	}
}

// cut returns the first argument, empty if there is none, and the others.
func cut(args []string) (first string, rest []string) {
	if len(args) == 0 {
		return "", nil
	}
	return args[0], args[1:]
}

// unknown complains that there is no such command.
func unknown(name string, std stdio) int {
	fmt.Fprintf(std.complaints, "afloat: command = %q; must be one of these\n%s", name, usage)
	return exitFailed
}

// version returns the version of the program, and what it was built with.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "afloat, of an unknown version"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	return fmt.Sprintf("afloat %s, built with %s", v, info.GoVersion)
}
