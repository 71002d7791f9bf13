package fanout_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
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

// reporting answers, with so many markers, different ones for each key.
func reporting(ctx context.Context, key, markers int) {
	all := make([]degrade.Marker, markers)
	for i := range all {
		all[i] = degrade.Marker{
			Path: "k" + strconv.Itoa(key) + "_" + strconv.Itoa(i), State: degrade.Stale, Reason: degrade.ReasonTimeout, Source: degrade.Source{Hops: 1},
		}
	}
	degrade.Merge(ctx, degrade.NewReport(all...))
}

// The report of a run has room for 500 markers, whatever its elements report.
func TestReportsOfElementsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const elements, markers = 200, 500
		get := func(ctx context.Context, _ request, key int) (*testv1.Item, error) {
			if key == 0 {
				return nil, errDown
			}
			reporting(ctx, key, markers)
			return &testv1.Item{Name: strconv.Itoa(key)}, nil
		}
		set := func(r response, items []*testv1.Item) { r.Items = items }
		p := plan(t, fanout.Each("items", upTo(elements+1), get, set).MaxKeys(2*elements).Embed().Named(strconv.Itoa))
		resp := &testv1.GetProfileResponse{}
		ctx, scope := degrade.Open(t.Context())
		r, err := p.Gather(degrade.Under(ctx, ""), nil, resp)
		if err != nil || r.Len() != markers || !r.Truncated() || fields(r) != elements*markers+1 {
			t.Errorf("%d markers of %d fields, %v; want %d of %d", r.Len(), fields(r), err, markers, elements*markers+1)
		}
		if r.Element("items", "0") != degrade.Missing {
			t.Errorf("the element that is missing is %v", r.Element("items", "0"))
		}
		if size := proto.Size(resp.GetDegradation()); size > 64<<10 {
			t.Errorf("the report has %d bytes", size)
		}
		if all := scope.Close(); all.Len() != markers || fields(all) != fields(r) {
			t.Errorf("the scope has %d markers of %d fields", all.Len(), fields(all))
		}
		if d := resp.GetDegradation(); len(d.GetFields()) != markers || int(d.GetDroppedCount()) != r.Dropped() || !d.GetTruncated() {
			t.Errorf("the response has %d markers, and %d dropped", len(d.GetFields()), d.GetDroppedCount())
		}
	})
}

// What each element reports of the same fields is not too much.
func TestReportsOfElementsThatSayTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		get := func(ctx context.Context, _ request, key int) (*testv1.Item, error) {
			reporting(ctx, 0, 499)
			return &testv1.Item{Name: strconv.Itoa(key)}, nil
		}
		set := func(r response, items []*testv1.Item) { r.Items = items }
		_, r := alone(t, fanout.Each("items", upTo(200), get, set).Embed(), time.Minute)
		if r.Len() != 499 || r.Truncated() || r.Dropped() != 0 {
			t.Errorf("%d markers, %d dropped; want 499, 0", r.Len(), r.Dropped())
		}
	})
}

// A plan within each element of a plan: both are bounded.
func TestReportsOfNestedPlansAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := plan(t, fanout.Each("items", upTo(50), func(ctx context.Context, _ request, key int) (*testv1.Item, error) {
			reporting(ctx, key, 100)
			return &testv1.Item{}, nil
		}, func(r response, items []*testv1.Item) { r.Items = items }).Embed())
		get := func(ctx context.Context, req request, _ int) (response, error) {
			resp := &testv1.GetProfileResponse{}
			r, err := inner.Gather(degrade.Under(ctx, ""), req, resp)
			if r.Len() != 500 || fields(r) != 5000 {
				return nil, fmt.Errorf("%d markers of %d fields", r.Len(), fields(r))
			}
			return resp, err
		}
		set := func(r response, all []response) { r.Parent = all[0] }
		var got fanout.Source[request, response] = fanout.Each("items", upTo(20), get, set).Embed()
		resp := &testv1.GetProfileResponse{}
		r, err := plan(t, got).Gather(t.Context(), nil, resp)
		// What one inner run names, another may only have counted.
		if err != nil || r.Len() != 500 || !r.Truncated() || r.Dropped() < 20*4500 {
			t.Errorf("%d markers, %d dropped, %v", r.Len(), r.Dropped(), err)
		}
		if size := proto.Size(resp); size > 64<<10 {
			t.Errorf("the response has %d bytes", size)
		}
	})
}

// Many fields with many markers each have room for one report together, and the marker
// of the plan's own comes first.
func TestReportsOfFieldsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sources := []fanout.Source[int, []string]{
			fanout.Optional("last", func(context.Context, int) (string, error) { return "", errDown }, func([]string, string) {}),
		}
		for i := range 50 {
			get := func(ctx context.Context, _ int) (*testv1.Item, error) {
				reporting(ctx, i, 500)
				return &testv1.Item{}, nil
			}
			sources = append(sources, fanout.Optional("f"+strconv.Itoa(i), get, func([]string, *testv1.Item) {}).Embed())
		}
		p, err := fanout.NewPlan("page", sources...)
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Gather(t.Context(), 1, nil)
		if err != nil || r.Len() != 500 || fields(r) != 25_001 || r.State("last") != degrade.Missing {
			t.Errorf("%d markers of %d fields, last is %v, %v", r.Len(), fields(r), r.State("last"), err)
		}
	})
}

// An error text of 5 MB is not repeated in the text of the run's error.
func TestTextsOfErrorsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		long := status.Error(codes.Unavailable, strings.Repeat("é", 5<<19))
		gives := func(context.Context, int) (string, error) { return "", long }
		set := func([]string, string) {}
		var sources []fanout.Source[int, []string]
		for i := range 5 {
			sources = append(sources, fanout.Optional("f"+strconv.Itoa(i), gives, set).Else(fallback.To("cache", gives)))
		}
		for name, tt := range map[string]struct {
			sources []fanout.Source[int, []string]
			most    int
		}{
			"quorum":   {sources, 12 << 10},
			"required": {[]fanout.Source[int, []string]{fanout.Required("a", gives, set)}, 2 << 10},
		} {
			p, err := fanout.NewPlan("page", tt.sources...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = p.Gather(t.Context(), 1, nil); status.Code(err) != codes.Unavailable || len(err.Error()) > tt.most {
				t.Errorf("%s: %v, with a text of %d bytes", name, status.Code(err), len(err.Error()))
			}
		}
	})
}

// A name of 1 MB is not repeated in each error that a function may have.
func TestNamesOfCollectedFunctionsAreBounded(t *testing.T) { //nolint:paralleltest // it measures the whole process
	name := strings.Repeat("n", 1<<20)
	functions := map[string]func(context.Context) (int, error){name: func(context.Context) (int, error) { return 7, nil }}
	bytes, _ := allocated(func() {
		if got := fanout.Collect(t.Context(), time.Minute, functions); got[name].Value != 7 {
			t.Errorf("got %v", got[name].Err)
		}
	})
	if bytes > 1<<18 {
		t.Errorf("%.0f bytes", bytes)
	}
}
