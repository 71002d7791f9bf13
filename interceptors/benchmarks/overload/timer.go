//go:build linux

package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// timer waits by the kernel's clock. What sleeps in Go's own timers wakes later the
// busier its processors are, so that a capacity would depend on the load. It is for one
// goroutine at a time.
type timer struct{ file *os.File }

// newTimer returns a timer.
func newTimer() (*timer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("a timer: %w", err)
	}
	return &timer{os.NewFile(uintptr(fd), "timer")}, nil
}

// wait blocks for d.
func (t *timer) wait(d time.Duration) error {
	raw, err := t.file.SyscallConn()
	if err != nil {
		return err
	}
	var setErr error
	if err := raw.Control(func(fd uintptr) {
		setErr = unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil)
	}); err != nil {
		return err
	}
	if setErr != nil {
		return setErr
	}
	var expirations [8]byte
	_, err = t.file.Read(expirations[:])
	return err
}
