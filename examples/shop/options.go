package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/live"
	"github.com/afloat-go/afloat/examples/shop/internal/story"
	"github.com/afloat-go/afloat/examples/shop/internal/story/pages"
)

// options are the flags of one run.
type options struct {
	story story.Config
	// serve is the address of the page. Empty: the story is told.
	serve string
}

// errHelp: help was asked for and given.
var errHelp = errors.New("help was given")

const usage = `Usage: shop [flags]

Runs a service that makes pages, one that takes orders, and their backends on
127.0.0.1, and makes one backend after another hang, fail and slow down, under
steady load, before four times the usual crowd comes. Ends by itself after a minute
and a half, with exit code 1 if a phase did not show what it must.

To see what the guard is for, run it with -guard=false: the sick backends are then
asked every time, pages and orders wait for them and for the crowd, and the program
fails.

With -serve the same system keeps running until it is interrupted, and a local page
shows it, with switches to make backends sick and a slider for its visitors. The
rules file is followed meanwhile.

The standard variables of OpenTelemetry, OTEL_EXPORTER_OTLP_ENDPOINT and the like,
have traces, metrics and logs exported by OTLP over gRPC.

Flags:
`

// parse reads the flags. Its error names the flag, the value and what is
// allowed. Help goes to w.
func parse(args []string, w io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("shop", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.story.System.Folder, "data", "data", "`folder` of the databases; made and filled if missing")
	flags.StringVar(&o.story.System.Rules, "rules", "rules.yaml", "rules `file`; the story works on a copy of it")
	flags.BoolVar(&o.story.System.Guarded, "guard", true, "guard the calls between services; the program must fail without")
	flags.IntVar(&o.story.Pages.Rate, "rate", 50,
		fmt.Sprintf("`pages` asked for per second, in [%d, %d]", pages.MinRate, pages.MaxRate))
	flags.DurationVar(&o.story.Pages.Phase, "phase", 5*time.Second,
		fmt.Sprintf("`time` that a backend is sick, in [%v, %v]", pages.MinPhase, pages.MaxPhase))
	flags.StringVar(&o.serve, "serve", "", "serve the page at this loopback `address`, as 127.0.0.1:8080, and tell no story")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(w)
		fmt.Fprint(w, usage)
		flags.PrintDefaults()
		return o, errHelp
	case err != nil:
		return o, fmt.Errorf("shop: %w; see -help", err)
	case flags.NArg() > 0:
		return o, fmt.Errorf("shop: argument %q; there must be flags only, see -help", flags.Arg(0))
	}
	return o, validate(o)
}

// validate reports all faults.
func validate(given options) error {
	var faults []error
	o := given.story
	if o.System.Folder == "" {
		faults = append(faults, errors.New(`shop: -data = ""; must be a folder`))
	}
	if o.System.Rules == "" {
		faults = append(faults, errors.New(`shop: -rules = ""; must be a file`))
	}
	if r := o.Pages.Rate; r < pages.MinRate || r > pages.MaxRate {
		faults = append(faults, fmt.Errorf("shop: -rate = %d; must be in [%d, %d]", r, pages.MinRate, pages.MaxRate))
	}
	if p := o.Pages.Phase; p < pages.MinPhase || p > pages.MaxPhase {
		faults = append(faults, fmt.Errorf("shop: -phase = %v; must be in [%v, %v]", p, pages.MinPhase, pages.MaxPhase))
	}
	if given.serve != "" {
		if err := live.CheckAddress(given.serve); err != nil {
			faults = append(faults, fmt.Errorf("shop: -serve: %w", err))
		}
	}
	return errors.Join(faults...)
}
