package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
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

  afloat state [flags] [text]            show the circuits, bulkheads and limits of a process
  afloat explain [flags] method          tell what would become of a call, and why
  afloat watch [flags] [text]            print changes of state as they happen
  afloat open|close [flags] [name]       force circuits open or closed for a while
  afloat trip|reset [flags] [name]       open circuits once; have policies begin anew
  afloat override [list|end] [flags]     list what is overridden, or end it
  afloat override disable|places [flags] [name]   let all calls pass; change a bulkhead's places
  afloat completion bash|zsh|fish        print a completion script
  afloat rules check [flags] [file...]   check rules files
  afloat rules table [flags] [file]      print the policies of each method
  afloat rules simulate [flags] [file]   try the rule of a method in a world that is not well
  afloat proto export [flags] folder     write the .proto files into a folder
  afloat version                         print the version
  afloat help                            print this

All but rules speak to the admin service at -addr, or $AFLOAT_ADDR, with the token in
$AFLOAT_TOKEN if there is one. A file named -, or no file, is the standard input. For the flags of a command: -h
`

// run does what the arguments say.
func run(args []string, std stdio) int {
	name, args := cut(args)
	switch name {
	case "rules":
		return runRules(args, std)
	case "proto":
		return runProto(args, std)
	case "state":
		return runState(args, std)
	case "explain":
		return runExplain(args, std)
	case "watch":
		return runUntilInterrupted(args, std)
	case "open", "close":
		return runBegin(name, args, std)
	case "trip", "reset":
		return runOnce(name, args, std)
	case "override":
		return runOverride(args, std)
	case "completion":
		return runCompletion(args, std)
	case "complete":
		return runComplete(args, std)
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

// runUntilInterrupted watches until the process is told to end.
func runUntilInterrupted(args []string, std stdio) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return runWatch(ctx, args, std)
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
