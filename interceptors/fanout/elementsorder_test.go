package fanout_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/fallback"
)

// Whatever becomes of an element, the others are asked for, as many at once as may be: a
// goroutine that ends, or is left behind, has a successor, and one that is not has none.
func TestElementsGoOnWhateverBecomesOfOne(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(ctx context.Context) error{
		"answers":      func(context.Context) error { return nil },
		"fails":        func(context.Context) error { return errDown },
		"panics":       func(context.Context) error { panic("oops") },
		"exits":        func(context.Context) error { runtime.Goexit(); return nil },
		"hangs":        func(context.Context) error { time.Sleep(time.Hour); return nil },
		"hangs, exits": func(context.Context) error { time.Sleep(time.Hour); runtime.Goexit(); return nil },
		"is cut":       func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		for _, fallsBack := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var running, most atomic.Int64
					get := func(ctx context.Context, _ request, key int) (string, error) {
						if key%3 == 0 {
							return "", end(ctx)
						}
						most.Store(max(most.Load(), running.Add(1)))
						time.Sleep(10 * time.Millisecond)
						running.Add(-1)
						return strconv.Itoa(key), nil
					}
					source := each(30, get).Parallel(3).Timeout(20 * time.Millisecond)
					if fallsBack {
						source = source.Else(fallback.To("other", func(context.Context, element) (string, error) {
							time.Sleep(5 * time.Millisecond)
							return "other", nil
						}))
					}
					resp, _ := alone(t, source, time.Minute)
					kept := slices.DeleteFunc(resp.GetTags(), func(tag string) bool { return tag == "" || tag == "other" })
					if len(kept) != 20 || most.Load() > 3 {
						t.Errorf("%d elements, %d at once; want 20, at most 3", len(kept), most.Load())
					}
					if fallsBack && name != "answers" && len(resp.GetTags()) != 30 {
						t.Errorf("%d elements with fallbacks; want 30", len(resp.GetTags()))
					}
					time.Sleep(2 * time.Hour)
				})
			})
		}
	}
}

// Where all hang, each gives way once and no more, so that no more run at once than may.
func TestElementsThatHangHaveOneSuccessorEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		get := func(ctx context.Context, _ request, _ int) (string, error) {
			asked.Add(1)
			<-ctx.Done()
			time.Sleep(time.Millisecond) // it returns late, and must not take another
			return "", errors.New("late")
		}
		begin := time.Now()
		_, r := alone(t, each(100, get).AtLeast(0).Parallel(4).Timeout(10*time.Millisecond), 30*time.Second)
		if asked.Load() != 100 || time.Since(begin) != 250*time.Millisecond {
			t.Errorf("%d were asked for in %v; want 100 in 250ms", asked.Load(), time.Since(begin))
		}
		marked(t, r, "tags[*] missing timeout 100[]")
		time.Sleep(time.Second)
	})
}
