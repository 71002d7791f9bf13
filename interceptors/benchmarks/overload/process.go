//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// process is this program again, as a server or a generator. Close it.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// start starts it on one core of its own, or with two procs on both.
func start(ctx context.Context, core, procs int, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(procs))
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if procs == 1 {
		err = onCore(core, cmd.Start)
	} else {
		err = cmd.Start()
	}
	return &process{cmd, in, bufio.NewReader(out)}, err
}

// onCore calls f on a thread that is bound to a core, which what it starts inherits.
func onCore(core int, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, own unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("the cores of this process: %w", err)
	}
	own.Set(core)
	if err := unix.SchedSetaffinity(0, &own); err != nil {
		return fmt.Errorf("binding to core %d: %w", core, err)
	}
	err := f()
	return errors.Join(err, unix.SchedSetaffinity(0, &before))
}

// line returns the next line that the process writes.
func (p *process) line() (string, error) {
	text, err := p.out.ReadString('\n')
	return strings.TrimSpace(text), err
}

// ask hands o to a generator and returns what came of it.
func (p *process) ask(o order) (*result, error) {
	if err := json.NewEncoder(p.in).Encode(o); err != nil {
		return nil, err
	}
	text, err := p.line()
	if err != nil {
		return nil, fmt.Errorf("the generator: %w", err)
	}
	r := new(result)
	return r, json.Unmarshal([]byte(text), r)
}

// cpu returns what the process has used so far.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	const user, system, perSecond = 11, 12, 100 // after the name in brackets, in ticks
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	ticks := 0
	for _, i := range []int{user, system} {
		n, err := strconv.Atoi(fields[i])
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / perSecond, nil
}

// Close ends the process.
func (p *process) Close() error {
	return errors.Join(p.in.Close(), p.cmd.Wait())
}

// stolen returns the time of all cores so far, and what of it other machines took.
func stolen() (all, taken int, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	const steal = 8
	for i, field := range strings.Fields(first) {
		if i == 0 || i > steal {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, 0, err
		}
		all += n
		if i == steal {
			taken = n
		}
	}
	return all, taken, nil
}
