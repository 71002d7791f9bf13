package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"
)

// What the project promises of its default configuration, with the one thing that
// it cannot know: from when a call is slow.
func TestUsersHardlyNotice(t *testing.T) {
	t.Parallel()
	guarded := systems()[len(systems())-1]
	for _, f := range []fault{hangs, fails, slows} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, err := run(t.Context(), guarded, f, 1)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%+v", r)
				if r.pages < 3700 || r.successes < r.pages*999/1000 {
					t.Errorf("%d successes of %d pages", r.successes, r.pages)
				}
				if r.delayed > 40 || r.sickCalls > 40 {
					t.Errorf("%d pages delayed, %d calls to the sick backend; want 40 at most", r.delayed, r.sickCalls)
				}
				if limit := r.healthy99 * 13 / 10; r.p99 > limit {
					t.Errorf("p99 = %v; want %v at most", r.p99, limit)
				}
				// A probe round is three calls, one after the other.
				if limit := r.openLeft + 100*time.Millisecond; r.recovery > limit {
					t.Errorf("recovery took %v; want %v at most", r.recovery, limit)
				}
			})
		})
	}
}

func TestUnknownFaultIsNamed(t *testing.T) {
	t.Parallel()
	err := tell(t.Context(), &bytes.Buffer{}, "melts", 1)
	if err == nil || err.Error() != `flag -fault = "melts"; must be hangs, fails or slows` {
		t.Errorf("error = %v", err)
	}
}
