package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	var cfg settings
	flag.DurationVar(&cfg.runs, "for", time.Minute, "how long; at least 1s")
	flag.Uint64Var(&cfg.seed, "seed", 1, "of what callers, backends and files do")
	flag.IntVar(&cfg.callers, "callers", 48, "how many call at once; 1 to 10000")
	flag.DurationVar(&cfg.every, "every", 5*time.Second, "how often a line is printed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := soak(ctx, cfg, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "soak: -seed %d: what was promised does not hold:\n%v\n", cfg.seed, err)
		os.Exit(1)
	}
}
