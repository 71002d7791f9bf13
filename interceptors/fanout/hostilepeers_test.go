package fanout_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
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
)

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
