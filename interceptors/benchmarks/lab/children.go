package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"

	"github.com/afloat-go/afloat/internal/lab"
)

// childFlag makes the program a child, which takes samples for its parent. Virtual time
// runs twice as fast in a process that has one core.
const childFlag = "child"

// takeAll takes the samples of all jobs, in a child for each core.
func takeAll(ctx context.Context, jobs []job, progress io.Writer) (book, error) {
	todo := make(chan job)
	go func() {
		defer close(todo)
		for _, j := range jobs {
			todo <- j
		}
	}()
	all := book{}
	var mu sync.Mutex
	var children sync.WaitGroup
	var errs []error
	for range runtime.NumCPU() {
		children.Go(func() {
			err := feed(ctx, todo, func(j job, s lab.Sample) {
				mu.Lock()
				defer mu.Unlock()
				all.add(j, s)
				if len(all)%100 == 0 {
					fmt.Fprintf(progress, "%d of %d samples\n", len(all), len(jobs))
				}
			})
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	children.Wait()
	return all, errors.Join(errs...)
}

// answer is what a child says of a job.
type answer struct {
	Sample lab.Sample
	Error  string
}

// feed gives jobs to a child, until there are no more.
func feed(ctx context.Context, todo <-chan job, done func(job, lab.Sample)) error {
	// A job that nobody takes would leave the sender waiting.
	defer func() {
		for range todo {
		}
	}()
	child := exec.CommandContext(ctx, os.Args[0], "-"+childFlag) //nolint:gosec // this program
	child.Env = append(os.Environ(), "GOMAXPROCS=1")
	child.Stderr = os.Stderr
	to, err := child.StdinPipe()
	if err != nil {
		return err
	}
	from, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	in, out := json.NewEncoder(to), json.NewDecoder(from)
	for j := range todo {
		var a answer
		if err := errors.Join(in.Encode(j), out.Decode(&a)); err != nil {
			return errors.Join(err, child.Wait())
		}
		if a.Error != "" {
			err = errors.Join(err, fmt.Errorf("%+v: %s", j, a.Error))
		}
		done(j, a.Sample)
	}
	return errors.Join(err, to.Close(), child.Wait())
}

// serve is the life of a child.
func serve(in io.Reader, out io.Writer) error {
	jobs, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var j job
		if err := jobs.Decode(&j); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		var a answer
		s, err := take(j)
		a.Sample = s
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}
