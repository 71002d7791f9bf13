package fanout_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// The tests ask for a profile.
type (
	request  = *testv1.GetProfileRequest
	response = *testv1.GetProfileResponse
	source   = fanout.Source[request, response]
)

var errDown = status.Error(codes.Unavailable, "down")

func setName(r response, name string)     { r.Name = name }
func setAvatar(r response, avatar string) { r.Avatar = avatar }
func setTags(r response, tags []string)   { r.Tags = tags }
func setParent(r, parent response)        { r.Parent = parent }

// gives is a source that answers.
func gives[T any](value T) func(context.Context, request) (T, error) {
	return func(context.Context, request) (T, error) { return value, nil }
}

// fails is a source that fails.
func fails(err error) func(context.Context, request) (string, error) {
	return func(context.Context, request) (string, error) { return "not to be used", err }
}

// element is the input of the fallbacks of tags.
type element = fanout.Element[request, int]

// after is a source that answers after a while, if it is not cancelled.
func after(d time.Duration, value string) func(context.Context, request) (string, error) {
	return func(ctx context.Context, _ request) (string, error) {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return value, nil
		case <-ctx.Done():
			return "", status.FromContextError(ctx.Err()).Err()
		}
	}
}

// deaf is a source that answers after an hour, whatever its context says.
func deaf(context.Context, request) (string, error) {
	time.Sleep(time.Hour)
	return "late", nil
}

// plan makes a plan of sound sources.
func plan(tb testing.TB, sources ...source) *fanout.Plan[request, response] {
	tb.Helper()
	return planWith(tb, fanout.Config{Name: "GetProfile"}, sources...)
}

func planWith(tb testing.TB, cfg fanout.Config, sources ...source) *fanout.Plan[request, response] {
	tb.Helper()
	p, err := fanout.NewPlanWith(cfg, sources...)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// says lists the markers of a report as in "avatar missing timeout".
func says(r degrade.Report) []string {
	var all []string
	for m := range r.Markers() {
		s := fmt.Sprintf("%s %v %v", m.Path, m.State, m.Reason)
		if m.Count > 0 {
			s += fmt.Sprintf(" %d%v", m.Count, m.Keys)
		}
		all = append(all, strings.TrimSpace(s))
	}
	return all
}

// marked checks the markers of a report.
func marked(tb testing.TB, r degrade.Report, want ...string) {
	tb.Helper()
	if got := says(r); !slices.Equal(got, want) || !r.Known() {
		tb.Errorf("markers %q; want %q", got, want)
	}
}

// within is a context with that much time.
func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}
