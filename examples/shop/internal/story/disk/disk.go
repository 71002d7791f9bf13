// Package disk tells whether the disk was busy while a phase of the story was played.
package disk

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// watchEvery is how often the disk is looked at.
const watchEvery = 20 * time.Millisecond

// Watch writes a little to folder from time to time until stop is called, which
// returns how long that took at worst. A disk that somebody else keeps busy holds up
// every order, and the figures then say nothing of the guard.
func Watch(ctx context.Context, folder string) (stop func() (time.Duration, error)) {
	ctx, cancel := context.WithCancel(ctx)
	var worst time.Duration
	var err error
	var watching sync.WaitGroup
	watching.Go(func() { worst, err = slowest(ctx, folder) })
	return func() (time.Duration, error) {
		cancel()
		watching.Wait()
		return worst, err
	}
}

// slowest writes until ctx ends, and returns how long it took at worst.
func slowest(ctx context.Context, folder string) (worst time.Duration, err error) {
	file, err := os.CreateTemp(folder, "watch-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return worst, nil
		case <-ticker.C:
		}
		begin := time.Now()
		if _, err := file.WriteAt([]byte("tick"), 0); err != nil {
			return worst, err
		}
		if err := file.Sync(); err != nil {
			return worst, err
		}
		worst = max(worst, time.Since(begin))
	}
}
