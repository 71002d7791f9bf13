// Command dashboard runs a dashboard, a service that takes orders, and the backends of
// both on TCP loopback, lets one backend after another fall sick while clients ask for
// pages and place orders at a steady rate, and shows that the pages keep coming and that
// no order is lost or charged for twice. It exits with 0 if every phase showed what it
// must, with 1 if not, and with 2 if it was called wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/afloat-go/afloat/examples/dashboard/story"
)

// Exit codes.
const (
	exitOK = iota
	exitUnmet
	exitUsage
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program, with its exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	given, err := parse(args, errOut)
	switch {
	case errors.Is(err, errHelp):
		return exitOK
	case err != nil:
		fmt.Fprintln(errOut, err)
		return exitUsage
	}
	if err := story.Run(ctx, given, out); err != nil {
		fmt.Fprintf(errOut, "\n%v\n", err)
		return exitUnmet
	}
	fmt.Fprintln(out, "\nEvery phase showed what it must.")
	return exitOK
}
