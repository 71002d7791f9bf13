// Command shop runs a shop on TCP loopback: a service that makes pages, one that takes
// orders, and the backends of both. It lets one backend after another fall sick while
// clients ask for pages and place orders at a steady rate, and then four times the usual
// crowd come, and shows that the pages keep coming, that no order is lost or charged for
// twice, and that orders are served in time. It exits with 0 if every phase showed what it
// must, with 1 if not, and with 2 if it was called wrongly.
//
// With -serve it keeps all of that running for a person to play with, on a local page.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/live"
	"github.com/afloat-go/afloat/examples/shop/internal/observe"
	"github.com/afloat-go/afloat/examples/shop/internal/story"
)

// Exit codes.
const (
	exitOK = iota
	exitUnmet
	exitUsage
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs the program and returns its exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	given, err := parse(args, errOut)
	switch {
	case errors.Is(err, errHelp):
		return exitOK
	case err != nil:
		fmt.Fprintln(errOut, err)
		return exitUsage
	}
	given.story.System.Follow = true
	play := tell
	if given.serve != "" {
		play = serve
	}
	if err := play(ctx, given, out, errOut); err != nil {
		fmt.Fprintf(errOut, "\n%v\n", err)
		return exitUnmet
	}
	return exitOK
}

// tell tells the story.
func tell(ctx context.Context, given options, out, errOut io.Writer) error {
	return observed(ctx, observe.Config{}, errOut, func(p *observe.Providers) error {
		given.story.System.Observe = p
		if err := story.Run(ctx, given.story, out); err != nil {
			return err
		}
		fmt.Fprintln(out, "\nEvery phase showed what it must.")
		return nil
	})
}

// serve keeps the system running.
func serve(ctx context.Context, given options, out, errOut io.Writer) error {
	records := &live.Records{}
	log := slog.NewMultiHandler(records, slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return observed(ctx, observe.Config{Records: log}, errOut, func(p *observe.Providers) error {
		given.story.System.Observe = p
		return live.Run(ctx, live.Config{
			Address: given.serve, System: given.story.System, Observe: p, Records: records,
		}, out)
	})
}

// goodbye is how long what is left to export has when the program ends.
const goodbye = 3 * time.Second

// observed calls play with what observes it, and sends what is left after that. A
// receiver that is not there is no fault of what was played.
func observed(ctx context.Context, cfg observe.Config, errOut io.Writer, play func(*observe.Providers) error) error {
	providers, err := observe.Start(ctx, cfg)
	if err != nil {
		return err
	}
	err = play(providers)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if unsent := providers.Shutdown(ctx); unsent != nil {
		fmt.Fprintln(errOut, unsent)
	}
	return err
}
