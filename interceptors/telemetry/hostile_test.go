package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/step"
)

// told are all texts that the backend has got.
func (b *backend) told(tb testing.TB) []string {
	tb.Helper()
	var all []string
	add := func(attrs []attribute.KeyValue) {
		for _, a := range attrs {
			all = append(all, string(a.Key), a.Value.String())
		}
	}
	for _, s := range b.spans.GetSpans() {
		all = append(all, s.Name, s.Status.Description)
		add(s.Attributes)
	}
	for name, m := range b.collected(tb) {
		all = append(append(all, name), points(tb, m)...)
	}
	return append(all, strings.Split(b.records.String(), "\n")...)
}

// What a peer or a caller made up is bounded and in UTF-8 wherever it is told, drives no
// terminal, and it is said what was cut.
func TestTextsOfStrangersAreBounded(t *testing.T) {
	t.Parallel()
	const most = 16 << 10 // all attributes of a series, or a record
	for name, text := range map[string]string{
		"long":             strings.Repeat("x", 5<<20),
		"long, of runes":   strings.Repeat("日", 2<<20),
		"long, no UTF-8":   strings.Repeat("\xff\x00", 2<<20),
		"control":          "\x1b[2J\u009b\r\x00\u202e\u2066\u200b\u2028 gone",
		"control and long": strings.Repeat("\x1b\u202e", 1<<20),
		"cut within":       strings.Repeat("x", 511) + "日日",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			b.tell("/"+text, status.Error(codes.Unavailable, text))
			b.tell(text, &policy.Rejection{Kind: text, Name: text, Reason: policy.Reason(text), Err: errors.New(text)})
			b.Answered(context.Background(), degrade.Response{Method: text})
			told := b.told(t)
			for _, s := range told {
				if len(s) > most || !utf8.ValidString(s) {
					t.Errorf("a text of %d bytes, valid: %v; want at most %d", len(s), utf8.ValidString(s), most)
				}
				if i := strings.IndexAny(s, "\x00\r\x1b\u009b\u202e\u2066\u200b\u2028"); i >= 0 {
					t.Errorf("a text has %q as it is: %.80q", s[i:i+1], s)
				}
			}
			size := fmt.Sprintf("(%d bytes)", len(text))
			if long := len(text) > 1024; long && !strings.Contains(strings.Join(told, " "), size) {
				t.Errorf("nothing says %s", size)
			}
		})
	}
}

// What an error says is kept as it is if it is short: also its lines.
func TestShortTextsAreToldAsTheyAre(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	err := errors.Join(errors.New("größe\tone"), errors.New("two"))
	b.tell("/pkg.Service/Method", err)
	found := false
	for _, s := range b.spans.GetSpans() {
		found = found || s.Status.Description == "größe\\tone\ntwo"
	}
	if !found {
		t.Error("no span has the error as its status")
	}
}

// A peer's error of 5 MB comes over the wire to a step.
func TestErrorOfAPeerIsCut(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	text := strings.Repeat("x", 5<<20)
	cc := b.serve(t, rpctest.Rig{Unary: func(context.Context) error { return status.Error(codes.Internal, text) }}, b.guard(t), b.guard(t))
	id := step.ID{Chain: "chain", Name: "step"}
	ctx := b.StepStarted(t.Context(), id)
	err := rpctest.Invoke(ctx, cc)
	if len(err.Error()) < len(text) {
		t.Fatalf("the peer's error is of %d bytes", len(err.Error()))
	}
	b.StepEnded(ctx, id, step.Ended{Err: err})
	want := fmt.Sprintf("%s… (%d bytes)", err.Error()[:1024], len(err.Error()))
	if got := b.only(t, id.String()).Status.Description; got != want {
		t.Errorf("the status is of %d bytes; want 1024 of the error, and how long it was", len(got))
	}
}

// Names that are told are kept for the next measurement. However many long ones there are,
// they take no more memory than short ones.
func TestMemosKeepNoLongNames(t *testing.T) { //nolint:paralleltest // it measures the memory of the whole process
	b := newBackend(t)
	b.tell("/a.B/C", errDown)
	before := heap()
	for i := range 300 {
		name := fmt.Sprintf("/a%d.B/%s", i, strings.Repeat("x", 64<<10))
		for _, side := range []policy.Side{policy.Client, policy.Server, policy.Local} {
			call := policy.Call{Method: name, Target: name, Side: side}
			b.Settled(context.Background(), &call, &policy.Outcome{})
			b.Rejected(context.Background(), &call, policy.Rejected{Err: &policy.Rejection{Kind: name, Name: name, Reason: policy.Reason(name), Err: errDown}})
			b.Transition(policy.Transition{Kind: "breaker", Name: name, Target: name, Side: side, From: "closed", To: "open", Cause: name})
			b.Late(policy.Late{Kind: "breaker", Name: name, Target: name, Side: side})
		}
		b.spans.Reset()
		b.records.Reset()
	}
	if grown := heap() - before; grown > 24<<20 { // 300 names of 64 KB would be 20 MB, in each memo
		t.Errorf("%d bytes more are kept; want them bounded", grown)
	}
	runtime.KeepAlive(b)
}

// heap is what is in use after garbage is gone.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
