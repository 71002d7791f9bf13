package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"time"
)

// report is what a child says of one case.
type report struct {
	Took time.Duration
	Kept int
}

// child runs one case, reports, and stays for as long as something may still
// happen.
func child(out io.Writer, helperName, caseName string) error {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the plan logs panics
	for _, h := range helpers() {
		for _, c := range cases() {
			if h.name != helperName || c.name != caseName {
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), deadline)
			defer cancel()
			begin := time.Now()
			values := h.gather(ctx, []source{good, good, c.third})
			if err := json.NewEncoder(out).Encode(report{Took: time.Since(begin), Kept: count(values)}); err != nil {
				return err
			}
			time.Sleep(500 * time.Millisecond)
			return nil
		}
	}
	return fmt.Errorf("flag -child = %s/%s; must be a helper and a case", helperName, caseName)
}

// result is what came of a case.
type result struct {
	report

	Returned bool // there is a report
	Died     bool
}

// parent runs one case in a process of its own.
func parent(ctx context.Context, helperName, caseName string) (result, error) {
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	cmd := exec.CommandContext(ctx, self, "-child", helperName, "-case", caseName)
	out, err := cmd.Output()
	_, exited := err.(*exec.ExitError) //nolint:errorlint // Output returns it as it is
	if err != nil && !exited {
		return result{}, err
	}
	r := result{Died: err != nil}
	r.Returned = json.NewDecoder(bytes.NewReader(out)).Decode(&r.report) == nil
	return r, nil
}

// String is as in "50ms, 2 of 2".
func (r result) String() string {
	switch {
	case !r.Returned:
		return "dies"
	case r.Died:
		return fmt.Sprintf("%dms, %d of 2, then dies", r.Took.Milliseconds(), r.Kept)
	default:
		return fmt.Sprintf("%dms, %d of 2", r.Took.Milliseconds(), r.Kept)
	}
}
