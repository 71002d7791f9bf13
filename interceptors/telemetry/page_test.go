package telemetry_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/stats"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/misuse"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/step"
	"github.com/afloat-go/afloat/interceptors/telemetry"
)

// instrument is a row of the page, or what a run emits.
type instrument struct {
	kind, unit string
	attributes []string
}

func (i instrument) equal(o instrument) bool {
	return i.kind == o.kind && i.unit == o.unit && slices.Equal(i.attributes, o.attributes)
}

var (
	quoted = regexp.MustCompile("`([^`]+)`")
	sides  = regexp.MustCompile(`\{([a-z,]+)\}`)
)

// page reads a table of docs/telemetry.md: the rows whose first cell matches.
func pageRows(t *testing.T, first string) [][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if strings.HasPrefix(line, "|") && regexp.MustCompile(first).MatchString(strings.TrimSpace(cells[0])) {
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("no row begins with %q", first)
	}
	return rows
}

// names are the quoted words of a cell.
func names(cell string) []string {
	found := []string{}
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return found
}

// promised are the instruments of the page, each side by itself.
func promised(t *testing.T) map[string]instrument {
	t.Helper()
	all := map[string]instrument{}
	for _, row := range pageRows(t, "^`afloat\\.") {
		kind, unit, _ := strings.Cut(row[1], ", ")
		i := instrument{strings.TrimSpace(kind), names(unit)[0], names(row[2])}
		name := names(row[0])[0]
		m := sides.FindStringSubmatch(name)
		if m == nil {
			all[name] = i
			continue
		}
		for side := range strings.SplitSeq(m[1], ",") {
			all[strings.Replace(name, m[0], side, 1)] = i
		}
	}
	return all
}

// emitted are the instruments of a run. Those of functions are not on the page by
// themselves.
func (b *backend) emitted(t *testing.T) map[string]instrument {
	t.Helper()
	all := map[string]instrument{}
	for name, m := range b.collected(t) {
		if strings.HasPrefix(name, "afloat.local.") {
			continue
		}
		i := instrument{unit: m.Unit}
		seen := map[string]bool{}
		note := func(set attribute.Set) {
			for _, a := range set.ToSlice() {
				seen[string(a.Key)] = true
			}
		}
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			i.kind = map[bool]string{true: "counter", false: "sum"}[data.IsMonotonic]
			for _, p := range data.DataPoints {
				note(p.Attributes)
			}
		case metricdata.Gauge[float64]:
			i.kind = "gauge"
			for _, p := range data.DataPoints {
				note(p.Attributes)
			}
		case metricdata.Histogram[float64]:
			i.kind = "histogram"
			for _, p := range data.DataPoints {
				note(p.Attributes)
			}
		}
		i.attributes = slices.AppendSeq([]string{}, maps.Keys(seen))
		slices.Sort(i.attributes)
		all[name] = i
	}
	return all
}

// everything makes all that can happen happen, to a client and to a server.
func (b *backend) everything(t *testing.T) *rules.Rules {
	t.Helper()
	list := b.guard(t, breaker.Each(breaker.Config{}).On(policy.Client, policy.Server), bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}), ratelimit.Each(ratelimit.Config{PerSecond: 1}), overload.Each(overload.Config{}))
	b.tellAll(t, "rig:443")
	for _, s := range []policy.Side{policy.Client, policy.Server} {
		list.Resolve(&policy.Call{Method: "/a.B/C", Target: "rig:443", Side: s})
	}
	misuse.Note(misuse.Misuse{Kind: misuse.NoRules, Where: "page"})
	if _, err := list.Steering().Override(override.Override{
		Directive: policy.Directive{Action: policy.Disable}, For: time.Minute,
		Command: override.Command{Scope: override.Scope{Kind: "timeout"}, Reason: "a test", Author: "ada"},
	}); err != nil {
		t.Fatal(err)
	}
	b.Answered(context.Background(), degrade.Response{Method: "/a.B/C", Report: degrade.NewReport(degrade.Marker{State: degrade.Missing})})
	return list
}

// Every instrument of a run is on the page, with its kind, unit and attributes, and
// every one on the page is in a run.
func TestPageHasEveryInstrument(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	list := b.everything(t)
	got, want := b.emitted(t), promised(t)
	for name, i := range got {
		// Leaked streams are a client's, but a server has the instrument.
		if w, ok := want[name]; name != "afloat.server.leaked_streams" && (!ok || !w.equal(i)) {
			t.Errorf("%s is %+v; the page has %+v", name, i, w)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is on the page and in no run", name)
		}
	}
	list.Observer()
}

// Every attribute that a span can have is on the page, and no other.
func TestPageHasEveryAttributeOfSpans(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("attributes.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := regexp.MustCompile(`attribute\.Key\("([^"]+)"\)`).FindAllStringSubmatch(string(source), -1)
	for _, key := range keys {
		if !strings.Contains(string(text), "`"+key[1]+"`") {
			t.Errorf("%s is not on the page", key[1])
		}
	}
	for _, name := range names(string(text)) {
		isKey := slices.ContainsFunc(keys, func(k []string) bool { return k[1] == name })
		_, isInstrument := promised(t)[name]
		if strings.HasPrefix(name, "afloat.") && !isKey && !isInstrument && !sides.MatchString(name) && name != "afloat." && name != "afloat.local" {
			t.Errorf("%s is on the page and nowhere else", name)
		}
	}
}

// spansOfAllKinds makes one span of each name on the page, and says all that can be
// said on those that otelgrpc makes.
func (b *backend) spansOfAllKinds(t *testing.T) {
	t.Helper()
	refuse := func(client, local string) {
		r := policy.Rejected{Err: errDown, Waited: time.Second}
		b.Rejected(t.Context(), &policy.Call{Method: client, Target: "rig:443", Notes: policy.NoteOverridden}, r)
		b.Rejected(t.Context(), &policy.Call{Method: local, Side: policy.Local, Notes: policy.NoteOverridden}, r)
	}
	refuse("/pkg.Service/Method", "operation")
	for i := range 400 {
		refuse(fmt.Sprint("/pkg.Service/Method", i), fmt.Sprint("operation", i))
	}
	b.spans.Reset()
	refuse("/pkg.Service/Method", "operation")
	refuse("/beyond.the/Bound", "beyond the bound")
	for _, in := range []policy.Layer{policy.LayerBulkhead, policy.LayerRateLimit} {
		b.callOfAllKinds(t.Context(), policy.Admitted{Waited: time.Second, WaitedIn: in, Notes: policy.NoteProbe | policy.NoteShadowed | policy.NoteOverridden})
	}
	for _, id := range []step.ID{
		{Plan: "Plan", Chain: "source", Name: "source"},
		{Plan: "Plan", Chain: "source", Name: "step"},
		{Chain: "chain", Name: "chain"},
		{Chain: "chain", Name: "step"},
	} {
		own := b.StepStarted(t.Context(), id)
		guarded := policy.Call{Method: id.String(), Side: policy.Local}
		b.Admitted(own, &guarded, policy.Admitted{
			Waited: time.Second, WaitedIn: policy.LayerBulkhead, Notes: policy.NoteProbe | policy.NoteShadowed | policy.NoteOverridden,
		})
		b.Rejected(own, &guarded, policy.Rejected{Err: errDown})
		b.StepEnded(own, id, step.Ended{Err: errDown, Abandoned: true})
		b.StepEnded(own, id, step.Ended{Err: errDown, Late: true})
	}
}

// callOfAllKinds is one on a client, by a fallback, and one on a server.
func (b *backend) callOfAllKinds(ctx context.Context, a policy.Admitted) {
	id := step.ID{Chain: "chain", Name: "step", Fallback: true}
	call := policy.Call{Method: "/pkg.Service/Method"}
	own := b.StepStarted(ctx, id)
	made := telemetry.ClientHandler(otelgrpc.NewClientHandler(b.traced()...)).
		TagRPC(b.Admitted(own, &call, a), &stats.RPCTagInfo{FullMethodName: call.Method})
	trace.SpanFromContext(made).End()
	b.StepEnded(own, id, step.Ended{})

	call.Side = policy.Server
	served := otelgrpc.NewServerHandler(b.traced()...).TagRPC(ctx, &stats.RPCTagInfo{FullMethodName: call.Method})
	b.Admitted(served, &call, a)
	b.Rejected(served, &call, policy.Rejected{Err: errDown})
	b.Answered(served, degrade.Response{Report: degrade.NewReport(degrade.Marker{State: degrade.Missing})})
	trace.SpanFromContext(served).End()
}

// Every span is on the page, with its kind and attributes, and no other.
func TestPageHasEverySpan(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.spansOfAllKinds(t)
	rows := slices.DeleteFunc(pageRows(t, "^`"), func(row []string) bool { return row[1] != "client" && row[1] != "internal" })
	emitted := make([]map[string]bool, len(rows))
	for _, s := range b.spans.GetSpans() {
		if s.InstrumentationScope.Name != telemetry.ScopeName {
			continue
		}
		i := slices.IndexFunc(rows, func(row []string) bool {
			return slices.Contains(names(row[0]), s.Name) && row[1] == s.SpanKind.String()
		})
		if i < 0 {
			t.Errorf("%q of kind %s is not on the page", s.Name, s.SpanKind)
			continue
		}
		if emitted[i] == nil {
			emitted[i] = map[string]bool{}
		}
		for _, a := range s.Attributes {
			emitted[i][string(a.Key)] = true
		}
	}
	for i, row := range rows {
		if got, want := slices.Sorted(maps.Keys(emitted[i])), names(row[3]); !slices.Equal(got, want) {
			t.Errorf("%s has %q; the page has %q", row[0], got, want)
		}
	}
}

// What is said on the spans of otelgrpc is on the page, for each side, and no more.
func TestPageHasWhatIsSaidOnSpansOfCalls(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.spansOfAllKinds(t)
	emitted, want := map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, side := range []string{"client", "server"} {
		emitted[side], want[side] = map[string]bool{}, map[string]bool{}
	}
	for _, s := range b.spans.GetSpans() {
		for _, a := range s.Attributes {
			if s.InstrumentationScope.Name == otelgrpc.ScopeName && strings.HasPrefix(string(a.Key), "afloat.") {
				emitted[s.SpanKind.String()][string(a.Key)] = true
			}
		}
	}
	for _, row := range pageRows(t, "^(client|server)") {
		for side := range strings.SplitSeq(strings.Trim(row[0], " |"), ", ") {
			for _, name := range names(row[1]) {
				want[side][name] = true
			}
		}
	}
	if !maps.EqualFunc(emitted, want, maps.Equal[map[string]bool, map[string]bool]) {
		t.Errorf("said: %v; the page has %v", emitted, want)
	}
}

// keysOf are the attributes of a record as a text handler writes it.
var keysOf = regexp.MustCompile(` ([a-z]+)=`)

// Every record of a run is on the page, with its level and attributes.
func TestPageHasEveryRecord(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.Transition(policy.Transition{Target: "t", Shadow: true, Until: 2, At: 1})
	b.FellBack(t.Context(), step.FellBack{Plan: "p", State: degrade.Stale})
	rows := pageRows(t, "^(warn|info)$")
	records := strings.Split(strings.TrimSpace(b.records.String()), "\n")
	if len(records) != len(rows) {
		t.Fatalf("%d records, %d on the page", len(records), len(rows))
	}
	for i, row := range rows {
		head := fmt.Sprintf("level=%s msg=%q", strings.ToUpper(strings.TrimSpace(row[0])), names(row[1])[0])
		tail, ok := strings.CutPrefix(records[i], head)
		keys := []string{}
		for _, m := range keysOf.FindAllStringSubmatch(tail, -1) {
			keys = append(keys, m[1])
		}
		slices.Sort(keys)
		if !ok || !slices.Equal(keys, names(row[2])) {
			t.Errorf("%s\nhas %q; the page has %s and %q", records[i], keys, head, names(row[2]))
		}
	}
}
