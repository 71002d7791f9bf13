package fanout_test

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// upTo makes keys.
func upTo(n int) func(request) []int {
	return func(request) []int {
		keys := make([]int, n)
		for i := range keys {
			keys[i] = i
		}
		return keys
	}
}

// tag answers with the key as text, unless bad says otherwise.
func tag(bad map[int]error) func(context.Context, request, int) (string, error) {
	return func(_ context.Context, _ request, key int) (string, error) {
		return strconv.Itoa(key), bad[key]
	}
}

type tags = fanout.Elements[request, response, int, string]

func each(n int, get func(context.Context, request, int) (string, error)) tags {
	return fanout.Each("tags", upTo(n), get, setTags)
}

// alone gathers one source beside one that answers.
func alone(t *testing.T, s source, d time.Duration) (response, degrade.Report) {
	t.Helper()
	resp := &testv1.GetProfileResponse{}
	r, err := plan(t, fanout.Optional("name", gives("Ada"), setName), s).Gather(within(t, d), nil, resp)
	if err != nil {
		t.Error(err)
	}
	return resp, r
}

func TestElementsArriveInTheOrderOfTheirKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		get := func(_ context.Context, _ request, key int) (string, error) {
			time.Sleep(time.Duration(10-key) * time.Millisecond)
			return strconv.Itoa(key), nil
		}
		resp, r := alone(t, each(10, get), time.Second)
		if got := resp.GetTags(); !slices.Equal(got, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}) {
			t.Errorf("tags = %q", got)
		}
		marked(t, r)
	})
}

func TestParallelBoundsElements(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int64
		get := func(context.Context, request, int) (string, error) {
			if n := running.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(10 * time.Millisecond)
			running.Add(-1)
			return "", nil
		}
		begin := time.Now()
		resp, _ := alone(t, each(20, get).Parallel(4), time.Second)
		if most.Load() != 4 || time.Since(begin) != 50*time.Millisecond || len(resp.GetTags()) != 20 {
			t.Errorf("%d at once, %v, %d tags; want 4, 50ms, 20", most.Load(), time.Since(begin), len(resp.GetTags()))
		}
	})
}

func TestMissingElementsAreCountedAndNamed(t *testing.T) {
	t.Parallel()
	bad := map[int]error{1: errDown, 2: errDown, 4: status.Error(codes.DeadlineExceeded, "late"), 5: status.Error(codes.NotFound, "none")}
	for name, tt := range map[string]struct {
		source tags
		want   []string
	}{
		"counted": {each(7, tag(bad)), []string{"tags[*] missing timeout 1[]", "tags[*] missing unavailable 2[]"}},
		"named": {
			each(7, tag(bad)).Named(func(key int) string { return "t" + strconv.Itoa(key) }),
			[]string{"tags[*] missing timeout 1[t4]", "tags[*] missing unavailable 2[t1 t2]"},
		},
		"answers": {each(7, tag(bad)).Answers(codes.Unavailable), []string{"tags[*] missing timeout 1[]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, r := alone(t, tt.source, time.Minute)
			if got := resp.GetTags(); !slices.Equal(got, []string{"0", "3", "6"}) {
				t.Errorf("tags = %q", got)
			}
			marked(t, r, tt.want...)
			if r.State("tags") != degrade.Partial {
				t.Errorf("tags are %v; want partial", r.State("tags"))
			}
			if name == "named" && (r.Element("tags", "t1") != degrade.Missing || r.Element("tags", "t0") != degrade.Intact) {
				t.Errorf("t1 is %v, t0 is %v", r.Element("tags", "t1"), r.Element("tags", "t0"))
			}
		})
	}
}

func TestElementsThatHaveArrivedAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		get := func(_ context.Context, _ request, key int) (string, error) {
			if key%2 == 1 {
				time.Sleep(time.Hour)
			}
			return strconv.Itoa(key), nil
		}
		resp, r := alone(t, each(9, get).Parallel(3), time.Second)
		if got := resp.GetTags(); !slices.Equal(got, []string{"0", "2", "4"}) {
			t.Errorf("tags = %q", got)
		}
		// 1, 3 and 5 hang, and nobody is left to ask for 6 to 8.
		marked(t, r, "tags[*] missing timeout 3[]", "tags[*] missing budget_exhausted 3[]")
		time.Sleep(2 * time.Hour)
		if len(resp.GetTags()) != 3 {
			t.Error("written after Gather returned")
		}
	})
}

func TestElementsThatHangGiveWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		get := func(_ context.Context, _ request, key int) (string, error) {
			if key < 4 {
				time.Sleep(time.Hour)
			}
			return strconv.Itoa(key), nil
		}
		begin := time.Now()
		resp, r := alone(t, each(8, get).Parallel(2).Timeout(100*time.Millisecond), time.Second)
		if got := resp.GetTags(); !slices.Equal(got, []string{"4", "5", "6", "7"}) || time.Since(begin) != 200*time.Millisecond {
			t.Errorf("tags = %q after %v", got, time.Since(begin))
		}
		marked(t, r, "tags[*] missing timeout 4[]")
		time.Sleep(2 * time.Hour)
	})
}

func TestTooFewElementsAreNone(t *testing.T) {
	t.Parallel()
	bad := map[int]error{0: errDown, 1: errDown}
	for name, tt := range map[string]struct {
		source tags
		want   []string
		tags   int
	}{
		"one is enough":   {each(3, tag(bad)), []string{"tags[*] missing unavailable 2[]"}, 1},
		"two are not":     {each(3, tag(bad)).AtLeast(2), []string{"tags missing unavailable"}, 0},
		"none of two":     {each(2, tag(bad)), []string{"tags missing unavailable"}, 0},
		"none is enough":  {each(2, tag(bad)).AtLeast(0), []string{"tags[*] missing unavailable 2[]"}, 0},
		"there are fewer": {each(3, tag(nil)).AtLeast(5), nil, 3},
		"there are none":  {each(0, tag(nil)), nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, r := alone(t, tt.source, time.Minute)
			if len(resp.GetTags()) != tt.tags {
				t.Errorf("tags = %q; want %d", resp.GetTags(), tt.tags)
			}
			marked(t, r, tt.want...)
		})
	}
}

func TestMaxKeysBoundsElements(t *testing.T) {
	t.Parallel()
	resp, r := alone(t, each(10, tag(nil)).MaxKeys(4), time.Minute)
	if len(resp.GetTags()) != 4 {
		t.Errorf("tags = %q", resp.GetTags())
	}
	marked(t, r, "tags[*] missing concurrency_limited 6[]")
}

// Sources of one type have their tasks made together, elements each their own.
func TestSourcesOfAllKindsInOnePlan(t *testing.T) {
	t.Parallel()
	setItems := func(r response, items []string) { r.Items = make([]*testv1.Item, len(items)) }
	resp := &testv1.GetProfileResponse{}
	_, err := plan(
		t, each(2, tag(nil)), fanout.Optional("name", gives("Ada"), setName), fanout.Each("items", upTo(3), tag(nil), setItems),
		fanout.Optional("parent", gives(&testv1.GetProfileResponse{Name: "Eve"}), setParent), fanout.Optional("avatar", gives("a.png"), setAvatar),
	).Gather(t.Context(), nil, resp)
	if err != nil || len(resp.GetTags()) != 2 || len(resp.GetItems()) != 3 || resp.GetName() != "Ada" ||
		resp.GetParent().GetName() != "Eve" || resp.GetAvatar() != "a.png" {
		t.Errorf("response = %v, %v", resp, err)
	}
}

func TestElementsHaveStepsToo(t *testing.T) {
	t.Parallel()
	bad := map[int]error{1: errDown, 2: errDown}
	cached := func(_ context.Context, e element) (string, error) {
		if e.Key == 1 {
			return "one?", nil
		}
		return "", errDown
	}
	resp, r := alone(t, each(3, tag(bad)).MaxRunning(100).
		Else(fallback.To("cache", cached), fallback.Default(func(e element) string { return "#" + strconv.Itoa(e.Key) })), time.Minute)
	if got := resp.GetTags(); !slices.Equal(got, []string{"0", "one?", "#2"}) {
		t.Errorf("tags = %q", got)
	}
	marked(t, r, "tags[*] defaulted unavailable 1[]", "tags[*] substituted unavailable 1[]")
	_, r = alone(t, each(3, tag(nil)).Guard(refuser{"CIRCUIT_OPEN"}), time.Minute)
	marked(t, r, "tags missing circuit_open")
}

func TestEmbeddedElementsComposePaths(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, _ request, key int) (*testv1.Item, error) {
		if key > 0 {
			degrade.Merge(ctx, degrade.NewReport(degrade.Marker{Path: "price", State: degrade.Stale, Reason: degrade.ReasonTimeout}))
		}
		return &testv1.Item{Name: strconv.Itoa(key)}, nil
	}
	setItems := func(r response, items []*testv1.Item) { r.Items = items }
	items := fanout.Each("items", upTo(3), get, setItems).Named(strconv.Itoa)
	resp, r := alone(t, items.Embed(), time.Minute)
	if len(resp.GetItems()) != 3 {
		t.Errorf("items = %v", resp.GetItems())
	}
	marked(t, r, "items[*].price stale timeout")
	_, r = alone(t, items, time.Minute)
	marked(t, r, "items[*] partial upstream_degraded 2[1 2]")
}

func TestTruncatedReportsOfElementsStayTruncated(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, _ request, key int) (string, error) {
		var many []degrade.Marker
		for i := range 2000 {
			many = append(many, degrade.Marker{Path: degrade.Key("offers", strconv.Itoa(i)), State: degrade.Missing})
		}
		degrade.Merge(ctx, degrade.NewReport(many...))
		return strconv.Itoa(key), nil
	}
	setNames := func(r response, names []string) { r.Tags = names }
	_, r := alone(t, fanout.Each("tags", upTo(1), get, setNames), time.Minute)
	if r.Complete() || r.State("tags") != degrade.Partial {
		t.Errorf("report = %v", r.Proto())
	}
}

func TestKeysThatPanicOrHang(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		keys func(request) []int
		want string
	}{
		"panic":  {func(request) []int { panic("oops") }, "tags missing internal"},
		"goexit": {func(request) []int { runtime.Goexit(); return nil }, "tags missing internal"},
		"hang":   {func(request) []int { time.Sleep(time.Hour); return []int{1} }, "tags missing timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, r := alone(t, fanout.Each("tags", tt.keys, tag(nil), setTags), time.Second)
				marked(t, r, tt.want)
				time.Sleep(2 * time.Hour)
			})
		})
	}
}
