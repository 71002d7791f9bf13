package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	optionsv1 "github.com/afloat-go/afloat/proto/afloat/options/v1"
)

// runCheck checks files. It ends with the worst that was found in any of them.
func runCheck(args []string, std stdio) int {
	a, exit, ok := parse("check", args, std, nil)
	if !ok {
		return exit
	}
	worst := exitGood
	for _, file := range a.files {
		worst = worse(worst, a.check(file, std))
	}
	return worst
}

// runTable prints the policies of each method.
func runTable(args []string, std stdio) int {
	a, exit, ok := parse("table", args, std, nil)
	if !ok {
		return exit
	}
	switch {
	case len(a.files) > 1:
		return failed(std, fmt.Errorf("%d files; must be one", len(a.files)))
	case a.descriptors == "":
		return failed(std, errNoDescriptors)
	}
	c, exit := a.read(a.files[0], std)
	if exit != exitGood {
		return exit
	}
	if err := printTable(c, std.out); err != nil {
		return failed(std, err)
	}
	return exitGood
}

var errNoDescriptors = errors.New(`flag -descriptors = ""; must be a file`)

// worse returns the exit code that says more: the program failed, a file is wrong,
// something was found.
func worse(a, b int) int {
	for _, exit := range []int{exitFailed, exitWrong, exitFound} {
		if a == exit || b == exit {
			return exit
		}
	}
	return exitGood
}

// failed tells why the program cannot do its work.
func failed(std stdio, err error) int {
	fmt.Fprintln(std.complaints, err)
	return exitFailed
}

// arguments are those of the command line.
type arguments struct {
	files               []string
	descriptors, target string
	side                policy.Side
	custom              []config.KindOption
}

// check tells what is wrong with a file, and what its rules would hardly be meant to do.
func (a arguments) check(file string, std stdio) int {
	c, exit := a.read(file, std)
	if exit != exitGood {
		return exit
	}
	found := c.findings()
	for _, f := range found {
		fmt.Fprintln(std.complaints, f)
	}
	if len(found) > 0 {
		return exitFound
	}
	return exitGood
}

// read reads a file and the descriptors, or tells what is wrong with them.
func (a arguments) read(file string, std stdio) (*check, int) {
	files, err := readDescriptors(a.descriptors)
	if err != nil {
		return nil, failed(std, err)
	}
	parsed, err := readRules(file, std.in)
	if err != nil {
		return nil, failed(std, err)
	}
	made := []config.Option{
		config.WithParsed(parsed), config.WithLogger(slog.New(slog.DiscardHandler)),
		config.WithExtensions(optionsv1.E_Method, optionsv1.E_Service), config.WithDescriptors(files),
	}
	for _, k := range a.custom {
		made = append(made, k)
	}
	set, err := config.New(made...)
	if err != nil {
		fmt.Fprintln(std.complaints, err)
		return nil, exitWrong
	}
	return &check{arguments: a, rules: set.Rules(), inForce: set.Snapshot().Rules, methods: methodsOf(files), made: made}, exitGood
}

// readRules reads a rules file, or the standard input.
func readRules(file string, in io.Reader) (*config.Parsed, error) {
	switch file {
	case "":
		return nil, errNoName
	case "-":
		data, err := io.ReadAll(io.LimitReader(in, maxInput))
		if err != nil {
			return nil, fmt.Errorf("stdin: cannot be read: %w", err)
		}
		return config.Parse("stdin", data), nil
	default:
		return config.ReadFile(file)
	}
}

// maxInput bounds what is read of the standard input: more than a rules file may have.
const maxInput = 2 << 20

var errNoName = errors.New(`file = ""; must be a path`)

// parse reads the command line, with more flags if there are any. Files may stand between
// them. If it is not ok, the program ends with exit.
func parse(command string, args []string, std stdio, more func(*flag.FlagSet)) (a arguments, exit int, ok bool) {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(std.complaints)
	flags.Usage = func() {
		fmt.Fprintf(std.complaints, "usage: afloat rules %s [flags] [file...]\n", command)
		flags.PrintDefaults()
	}
	flags.StringVar(&a.descriptors, "descriptors", "", "an image of buf, or a FileDescriptorSet of protoc, in binary")
	flags.StringVar(&a.target, "target", "", "the target of a client's calls, for rules that name one")
	flags.Func("side", "where calls are seen, client or server (default client)", a.setSide)
	flags.Func("custom", "the name of a kind of policies that the program registers; may be repeated", a.addCustom)
	if more != nil {
		more(flags)
	}
	for ok := true; ok; a.files, args, ok = next(a.files, flags.Args()) {
		switch err := flags.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			return a, exitGood, false
		case err != nil:
			return a, exitFailed, false // it has been told
		}
	}
	if a.side == policy.Server && a.target != "" {
		return a, failed(std, fmt.Errorf("flag -target = %q; must be left out on servers", a.target)), false
	}
	if _, err := config.Compile(nil, a.custom...); err != nil {
		return a, failed(std, fmt.Errorf("flag -custom: %w", err)), false
	}
	if len(a.files) == 0 {
		a.files = []string{"-"}
	}
	return a, exitGood, true
}

// next takes the file before further arguments, if there is one.
func next(files, args []string) (more, rest []string, ok bool) {
	if len(args) == 0 {
		return files, nil, false
	}
	return append(files, args[0]), args[1:], true
}

// setSide reads a side.
func (a *arguments) setSide(s string) error {
	switch s {
	case policy.Client.String():
		a.side = policy.Client
	case policy.Server.String():
		a.side = policy.Server
	default:
		return fmt.Errorf("%q; must be client or server", s)
	}
	return nil
}

// addCustom takes a kind for granted that only the program knows.
func (a *arguments) addCustom(name string) error {
	a.custom = append(a.custom, config.WithKind(config.Kind[map[string]any, granted]{
		Name: name, Watches: true,
		New: func(rules.Key, map[string]any) (granted, error) { return granted{}, nil },
	}))
	return nil
}

// granted stands for a policy of a kind that only the program knows.
type granted struct{}

// Acquire admits every call; there are none.
func (granted) Acquire(context.Context, *policy.Call) (policy.Permit, error) {
	return policy.Permit{}, nil
}
