package fanout_test

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/step"
)

const million = 1_000_000

// counts is what a plan of elements does for the keys of a request.
type counts struct {
	fanout.NopObserver

	gets, names, defaults, steps, answers atomic.Int64
}

func (c *counts) StepStarted(ctx context.Context, _ step.ID) context.Context {
	c.steps.Add(1)
	return ctx
}

func (c *counts) FellBack(context.Context, step.FellBack) { c.answers.Add(1) }

// elements returns elements that count, of these keys, which fail with err.
func (c *counts) elements(keys []int, err error) tags {
	get := func(context.Context, request, int) (string, error) {
		c.gets.Add(1)
		return "", err
	}
	return fanout.Each("tags", func(request) []int { return keys }, get, setTags).AtLeast(0).
		Named(func(key int) string {
			c.names.Add(1)
			return strconv.Itoa(key)
		})
}

// fields returns how many fields a report is about, named or not.
func fields(r degrade.Report) int {
	n := r.Dropped()
	for m := range r.Markers() {
		n += max(m.Count, 1)
	}
	return n
}

// What is beyond the bound is counted, whatever the keys are, and nothing else is done
// for it.
func TestKeysBeyondTheBoundAreOnlyCounted(t *testing.T) {
	t.Parallel()
	same := make([]int, million)
	for name, keys := range map[string][]int{"different": upTo(million)(nil), "the same": same} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := &counts{}
				p := planWith(t, fanout.Config{Name: "GetProfile", Observer: c}, c.elements(keys, errDown).MaxKeys(50))
				resp := &testv1.GetProfileResponse{}
				r, err := p.Gather(t.Context(), nil, resp)
				if err != nil || fields(r) != million || r.Len() != 2 {
					t.Errorf("%d markers of %d fields, %v; want 2 of %d", r.Len(), fields(r), err, million)
				}
				if c.gets.Load() != 50 || c.names.Load() != 50 || c.steps.Load() != 50 {
					t.Errorf("%d gets, %d names, %d steps; want 50 each", c.gets.Load(), c.names.Load(), c.steps.Load())
				}
				if size := proto.Size(resp); size > 1<<10 {
					t.Errorf("the response has %d bytes", size)
				}
				if r.Element("tags", "999") != degrade.Missing {
					t.Error("an element that is not named may be missing")
				}
			})
		})
	}
}

// Defaults are made for what was admitted.
func TestDefaultsAreBoundedByTheKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &counts{}
		source := c.elements(upTo(million)(nil), errDown).MaxKeys(50).Else(fallback.Default(func(element) string {
			c.defaults.Add(1)
			return "none"
		}))
		resp := &testv1.GetProfileResponse{}
		r, err := planWith(t, fanout.Config{Name: "GetProfile", Observer: c}, source).Gather(t.Context(), nil, resp)
		if err != nil || len(resp.GetTags()) != 50 || c.defaults.Load() != 50 || c.answers.Load() != 50 || c.steps.Load() != 100 {
			t.Errorf("%v: %d tags, %d defaults, %d answers, %d steps; want 50, 50, 50, 100",
				err, len(resp.GetTags()), c.defaults.Load(), c.answers.Load(), c.steps.Load())
		}
		if fields(r) != million {
			t.Errorf("%d fields; want %d", fields(r), million)
		}
	})
}

// Elements that are the same count each; their names say how often.
func TestElementsOfOneKeyCountEach(t *testing.T) {
	t.Parallel()
	c := &counts{}
	_, r := alone(t, c.elements([]int{7, 7, 7}, errDown), time.Minute)
	marked(t, r, "tags[*] missing unavailable 3[7 7 7]")
	if r.Element("tags", "8") != degrade.Intact || r.Element("tags", "7") != degrade.Missing {
		t.Errorf("7 is %v, 8 is %v", r.Element("tags", "7"), r.Element("tags", "8"))
	}
}

// All elements within the bound are named, up to what a marker may have.
func TestElementsAreNamedUpToTheBoundOfAMarker(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, degrade.MaxKeys, degrade.MaxKeys + 1, fanout.DefaultMaxKeys} {
		c := &counts{}
		_, r := alone(t, c.elements(upTo(n)(nil), errDown), time.Minute)
		for m := range r.Markers() {
			if m.Count != n || len(m.Keys) != min(n, degrade.MaxKeys) || m.Keys[0] != "0" {
				t.Errorf("%d elements: %d, of which %d are named", n, m.Count, len(m.Keys))
			}
		}
		if r.Len() != 1 || c.names.Load() > degrade.MaxKeys {
			t.Errorf("%d elements: %d markers, %d names made", n, r.Len(), c.names.Load())
		}
	}
}

func TestNamesThatAreTooLongAreLeftOut(t *testing.T) {
	t.Parallel()
	c := &counts{}
	long := strings.Repeat("k", 1<<20)
	source := c.elements(upTo(500)(nil), errDown).Named(func(key int) string {
		if key < 400 {
			return long
		}
		return strconv.Itoa(key)
	})
	resp, r := alone(t, source, time.Minute)
	for m := range r.Markers() {
		if m.Count != 500 || len(m.Keys) != 100 {
			t.Errorf("%d elements, %d names; want 500, 100", m.Count, len(m.Keys))
		}
	}
	if size := proto.Size(resp); size > 1<<10 {
		t.Errorf("the response has %d bytes", size)
	}
}

// allocated returns how many bytes and objects f allocates.
func allocated(f func()) (bytes, objects float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc), float64(after.Mallocs - before.Mallocs)
}

// A million keys cost what as many cost as are asked for: with sources that answer, that
// fail, and that are deaf.
//
//nolint:paralleltest // it measures the whole process
func TestManyKeysCostWhatTheBoundCosts(t *testing.T) {
	deaf := func(ctx context.Context, _ request, _ int) (string, error) {
		time.Sleep(time.Hour)
		return "", ctx.Err()
	}
	named := func(e tags) tags { return e.AtLeast(0).Named(strconv.Itoa) }
	few, many := upTo(fanout.DefaultMaxKeys)(nil), upTo(million)(nil)
	for name, source := range map[string]func(keys []int) tags{
		"answering": func(keys []int) tags { return (&counts{}).elements(keys, nil) },
		"failing":   func(keys []int) tags { return (&counts{}).elements(keys, errDown) },
		"deaf": func(keys []int) tags {
			return named(fanout.Each("tags", func(request) []int { return keys }, deaf, setTags))
		},
		"with a default": func(keys []int) tags {
			return named(fanout.Each("tags", func(request) []int { return keys }, deaf, setTags)).
				Else(fallback.Default(func(element) string { return "" }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			cost := func(keys []int) (bytes, objects float64) {
				synctest.Test(t, func(t *testing.T) {
					p := plan(t, source(keys))
					bytes, objects = allocated(func() { _, _ = p.Gather(within(t, time.Second), nil, &testv1.GetProfileResponse{}) })
					time.Sleep(2 * time.Hour)
				})
				return bytes, objects
			}
			_, _ = cost(few) // what is made once
			bytes, objects := cost(few)
			manyBytes, manyObjects := cost(many)
			if manyBytes > 1.5*bytes+1<<16 || manyObjects > 1.5*objects+500 {
				t.Errorf("a million keys: %.0f bytes, %.0f objects; %d keys: %.0f, %.0f",
					manyBytes, manyObjects, len(few), bytes, objects)
			}
		})
	}
}

// Gather is on time with a million keys, and nothing more is asked for after that, except
// what was left behind.
func TestManyKeysAreOnTime(t *testing.T) {
	t.Parallel()
	keys := upTo(million)(nil)
	for name, tt := range map[string]struct {
		wait time.Duration // of the keys
		gets int64
		want []string
	}{
		"deaf elements": {0, 8, []string{
			"tags[*] missing timeout 8[]", "tags[*] missing concurrency_limited 999000[]", "tags[*] missing budget_exhausted 992[]",
		}},
		"keys that are late":      {time.Hour, 0, []string{"tags missing timeout"}},
		"keys at the last moment": {900 * time.Millisecond, 8, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var gets atomic.Int64
				slow := func(request) []int {
					time.Sleep(tt.wait)
					return keys
				}
				get := func(context.Context, request, int) (string, error) {
					gets.Add(1)
					time.Sleep(time.Hour)
					return "late", nil
				}
				begin := time.Now()
				_, r := alone(t, fanout.Each("tags", slow, get, setTags).AtLeast(0), time.Second)
				if took := time.Since(begin); took != 900*time.Millisecond {
					t.Errorf("Gather took %v; want 900ms", took)
				}
				if tt.want != nil {
					marked(t, r, tt.want...)
				}
				time.Sleep(3 * time.Hour)
				if gets.Load() > tt.gets {
					t.Errorf("%d elements were asked for; want %d", gets.Load(), tt.gets)
				}
			})
		})
	}
}

// A request whose keys come after the end of the run costs no element.
func TestLateKeysCostNothing(t *testing.T) { //nolint:paralleltest // it measures the whole process
	synctest.Test(t, func(t *testing.T) {
		keys := upTo(million)(nil)
		slow := func(request) []int {
			time.Sleep(time.Hour)
			return keys
		}
		alone(t, fanout.Each("tags", slow, tag(nil), setTags).MaxKeys(100_000), time.Second)
		if bytes, _ := allocated(func() { time.Sleep(2 * time.Hour) }); bytes > 1<<16 {
			t.Errorf("%.0f bytes after the end of the run", bytes)
		}
	})
}
