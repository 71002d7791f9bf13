package fanout_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// wild draws sources, and what is done when they fail.
type wild struct{ *rand.Rand }

// source answers, fails, panics or ends its goroutine, at once, about when the time is
// over or much later, and heeds its context or not.
func (w wild) source() func(context.Context, request) (string, error) {
	takes := []time.Duration{0, w.upTo(1500), 895*time.Millisecond + w.upTo(6)}[w.IntN(3)]
	heeds, does := w.IntN(2) == 0, w.IntN(5)
	return func(ctx context.Context, _ request) (string, error) {
		if heeds {
			var cancel context.CancelFunc
			if ctx, cancel = context.WithTimeout(ctx, takes); cancel != nil {
				defer cancel()
			}
			<-ctx.Done()
		} else {
			time.Sleep(takes)
		}
		switch does {
		case 0:
			return "", errDown
		case 1:
			panic("wild")
		case 2:
			runtime.Goexit()
		}
		return "value", nil
	}
}

// upTo is less than that many milliseconds.
func (w wild) upTo(ms int) time.Duration { return time.Duration(w.IntN(ms)) * time.Millisecond }

// field adds some of what fields may have.
func (w wild) field(f fanout.Field[request, response, string]) fanout.Field[request, response, string] {
	if w.IntN(2) == 0 {
		f = f.Timeout(w.upTo(800) + time.Millisecond)
	}
	for range w.IntN(3) {
		again := fallback.To("again", w.source())
		if w.IntN(2) == 0 {
			again = again.Needs(w.upTo(300) + time.Millisecond)
		}
		f = f.Else(again)
	}
	return f
}

// elements asks for n.
func (w wild) elements(n int) source {
	gets := make([]func(context.Context, request) (string, error), n)
	for i := range gets {
		gets[i] = w.source()
	}
	e := each(n, func(ctx context.Context, req request, key int) (string, error) { return gets[key](ctx, req) }).
		Parallel(1 + w.IntN(9)).AtLeast(w.IntN(4)).MaxKeys(1 + w.IntN(30))
	if w.IntN(2) == 0 {
		return e.Else(fallback.Default(func(element) string { return "default" }))
	}
	return e
}

// nested is a source with a plan of its own, one source of which may be missing.
func (w wild) nested(t *testing.T, cfg fanout.Config) func(context.Context, request) (response, error) {
	t.Helper()
	p := planWith(t, cfg, fanout.Optional("name", gives("Eve"), setName), w.field(fanout.Optional("avatar", w.source(), setAvatar)))
	return func(ctx context.Context, req request) (response, error) {
		resp := &testv1.GetProfileResponse{}
		_, err := p.Gather(ctx, req, resp)
		return resp, err
	}
}

// Whatever sources do, the response leaves in time, has a value or a marker for every
// field, a default where there is one, and is left alone.
func TestWildSources(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			w := wild{rand.New(rand.NewPCG(seed, 2026))}
			cfg := fanout.Config{Name: "GetProfile", Observer: stalls{by: w.upTo(8)}, Logger: slog.New(slog.DiscardHandler)}
			name, n := fanout.Optional("name", w.source(), setName), w.IntN(30)
			if w.IntN(4) == 0 {
				name = fanout.Required("name", w.source(), setName)
			}
			p := planWith(t, cfg, w.field(name).Else(fallback.Default(nobody)), w.field(fanout.Optional("avatar", w.source(), setAvatar)),
				fanout.Optional("parent", w.nested(t, cfg), setParent).Embed(), w.elements(n))
			resp, begin := &testv1.GetProfileResponse{}, time.Now()
			r, err := p.Gather(within(t, time.Second), nil, resp)
			if took := time.Since(begin); err != nil || took > 950*time.Millisecond {
				t.Errorf("%d: %v after %v", seed, err, took)
			}
			before := proto.CloneOf(resp)
			if !saysAll(resp, r, n) {
				t.Errorf("%d: %q of %v", seed, says(r), resp)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if !proto.Equal(before, resp) {
				t.Errorf("%d: written after Gather returned", seed)
			}
		})
	}
}

// saysAll reports whether all that the response lacks is said to be missing, and
// nothing else.
func saysAll(resp response, r degrade.Report, tags int) bool {
	missing, parent := 0, resp.GetParent()
	for m := range r.Markers() {
		if m.Path == "tags[*]" && m.State == degrade.Missing {
			missing += m.Count
		}
	}
	if r.State("tags") == degrade.Missing {
		missing = tags
	}
	return resp.GetName() != "" && r.State("name") != degrade.Missing &&
		(resp.GetAvatar() == "") == (r.State("avatar") == degrade.Missing) &&
		(parent == nil) == (r.State("parent") == degrade.Missing) &&
		(parent.GetAvatar() == "") == (r.State("parent.avatar") == degrade.Missing) &&
		len(resp.GetTags())+missing == tags
}
