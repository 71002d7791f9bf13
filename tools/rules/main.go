package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	optionsv1 "github.com/afloat-go/afloat/proto/afloat/options/v1"
)

// How the program ends.
const (
	exitGood   = 0
	exitWrong  = 1 // the rules
	exitFailed = 2 // the program
	exitFound  = 3
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// arguments are those of the command line.
type arguments struct {
	file, descriptors, target string
	side                      policy.Side
	table                     bool
}

func run(args []string, out, complaints io.Writer) int {
	a, err := parse(args, complaints)
	if err != nil {
		return exitFailed // it has been told
	}
	files, err := readDescriptors(a.descriptors)
	if err != nil {
		fmt.Fprintln(complaints, err)
		return exitFailed
	}
	set, err := config.New(
		config.WithFile(a.file), config.WithLogger(slog.New(slog.DiscardHandler)),
		config.WithExtensions(optionsv1.E_Method, optionsv1.E_Service), config.WithDescriptors(files),
	)
	if err != nil {
		fmt.Fprintln(complaints, err)
		if _, readErr := config.ReadFile(a.file); readErr != nil {
			return exitFailed
		}
		return exitWrong
	}
	if a.descriptors == "" {
		return exitGood
	}
	c := check{arguments: a, rules: set.Rules(), inForce: set.Snapshot().Rules, methods: methodsOf(files)}
	found := c.findings()
	for _, f := range found {
		fmt.Fprintln(complaints, f)
	}
	if a.table {
		if err := c.print(out); err != nil {
			fmt.Fprintln(complaints, err)
			return exitFailed
		}
	}
	if len(found) > 0 {
		return exitFound
	}
	return exitGood
}

// parse reads the command line.
func parse(args []string, complaints io.Writer) (a arguments, err error) {
	flags := flag.NewFlagSet("rules", flag.ContinueOnError)
	flags.SetOutput(complaints)
	flags.Usage = func() {
		fmt.Fprintln(complaints, "usage: rules [-descriptors file [-side client|server] [-target text] [-table=false]] rules.yaml")
		flags.PrintDefaults()
	}
	flags.StringVar(&a.descriptors, "descriptors", "", "an image of buf, or a FileDescriptorSet of protoc, in binary")
	flags.StringVar(&a.target, "target", "", "the target of a client's calls, for rules that name one")
	flags.BoolVar(&a.table, "table", true, "print the policies of each method")
	flags.Func("side", "where calls are seen, client or server (default client)", func(s string) error {
		switch s {
		case policy.Client.String():
			a.side = policy.Client
		case policy.Server.String():
			a.side = policy.Server
		default:
			return fmt.Errorf("%q; must be client or server", s)
		}
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return a, err
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return a, fmt.Errorf("%d files; must be one", flags.NArg())
	}
	if a.side == policy.Server && a.target != "" {
		err = fmt.Errorf("flag -target = %q; must be left out on servers", a.target)
		fmt.Fprintln(complaints, err)
		return a, err
	}
	a.file = flags.Arg(0)
	return a, nil
}
