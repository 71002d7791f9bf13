//go:build unix

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Nobody writes to the pipe: who opened it would wait forever.
func TestPipesAreRefused(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check", pipe}, {"check", "-descriptors", pipe, "testdata/good.yaml"}} {
		var out, complaints bytes.Buffer
		exit := run(append([]string{"rules"}, args...), stdio{strings.NewReader(""), &out, &complaints})
		if want := pipe + ": cannot be read: must be a regular file\n"; exit != exitFailed || complaints.String() != want {
			t.Errorf("exit %d, %q; want %d, %q", exit, &complaints, exitFailed, want)
		}
	}
}
