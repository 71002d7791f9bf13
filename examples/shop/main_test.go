package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/afloat-go/afloat/examples/shop/backend/store"
)

func TestBadFlags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"rate", []string{"-rate=5"}, []string{"-rate = 5; must be in [40, 100]"}},
		{"phase", []string{"-phase=1s"}, []string{"-phase = 1s; must be in [5s, 30s]"}},
		{"data", []string{"-data="}, []string{`-data = ""; must be a folder`}},
		{"rules", []string{"-rules="}, []string{`-rules = ""; must be a file`}},
		{"several", []string{"-rate=500", "-phase=1h"}, []string{"-rate = 500", "-phase = 1h0m0s"}},
		{"an address of others", []string{"-serve=0.0.0.0:8080"}, []string{`-serve: live: address = "0.0.0.0:8080"; must be a loopback address`}},
		{"no number", []string{"-rate=fast"}, []string{`"fast"`, "-rate"}},
		{"unknown", []string{"-speed=1"}, []string{"-speed"}},
		{"an argument", []string{"now"}, []string{`argument "now"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var errOut strings.Builder
			if code := run(t.Context(), c.args, io.Discard, &errOut); code != exitUsage {
				t.Errorf("exit code %d; want %d", code, exitUsage)
			}
			for _, want := range c.says {
				if !strings.Contains(errOut.String(), want) {
					t.Errorf("error %q does not say %q", errOut.String(), want)
				}
			}
		})
	}
}

func TestDefaultFlags(t *testing.T) {
	t.Parallel()
	o, err := parse(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.story.System.Folder != "data" || o.story.System.Rules != "rules.yaml" || !o.story.System.Guarded || o.story.Pages.Rate != 50 ||
		o.story.Pages.Phase != 5*time.Second || o.serve != "" {
		t.Errorf("defaults = %+v", o)
	}
}

func TestHelpSaysThatTheGuardMatters(t *testing.T) {
	t.Parallel()
	var help strings.Builder
	if code := run(t.Context(), []string{"-help"}, io.Discard, &help); code != exitOK {
		t.Errorf("exit code %d; want %d", code, exitOK)
	}
	for _, want := range []string{"-guard=false", "exit code 1", "in [40, 100]"} {
		if !strings.Contains(help.String(), want) {
			t.Errorf("help does not say %q:\n%s", want, help.String())
		}
	}
}

func TestDataInUse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	db, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	var errOut strings.Builder
	if code := run(t.Context(), []string{"-data", folder}, io.Discard, &errOut); code != exitUnmet {
		t.Errorf("exit code %d; want %d", code, exitUnmet)
	}
	if !strings.Contains(errOut.String(), "in use by another process") {
		t.Errorf("error = %q", errOut.String())
	}
}
