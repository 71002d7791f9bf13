package fanout_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// declared declares the fields with these names.
func declared(
	all map[protoreflect.FullName]fanout.Declaration,
) func(protoreflect.FieldDescriptor) (fanout.Declaration, error) {
	return func(fd protoreflect.FieldDescriptor) (fanout.Declaration, error) { return all[fd.FullName()], nil }
}

const profile = "afloat.test.v1.GetProfileResponse."

func stale(context.Context, request) (string, time.Time, error) { return "", time.Time{}, nil }

func TestPlansAreCheckedAgainstDeclarations(t *testing.T) {
	t.Parallel()
	all := declared(map[protoreflect.FullName]fanout.Declaration{
		profile + "name":             {Need: fanout.NeedRequired},
		profile + "avatar":           {Need: fanout.NeedOptional, Timeout: 200 * time.Millisecond, NeverStale: true},
		profile + "tags":             {Need: fanout.NeedRequired, Timeout: time.Second},
		"afloat.test.v1.Item.seller": {Timeout: 25 * time.Hour},
	})
	keys := func(request) []string { return nil }
	get := func(context.Context, request, string) (string, error) { return "", nil }
	_, err := fanout.NewPlanWith(
		fanout.Config{Name: "plan", Declared: all},
		fanout.Optional("name", gives("x"), setName),
		fanout.Required("avatar", gives("x"), setAvatar).Timeout(time.Second).Else(fallback.Stale("kept", stale)),
		fanout.Each("tags", keys, get, setTags).Timeout(2*time.Second),
		fanout.Optional(`offers["a"].seller`, gives[response](nil), setParent),
		fanout.Optional("email", gives("x"), setName),
	)
	if _, err := fanout.NewPlanWith(fanout.Config{Name: "plan", Declared: all}, fanout.Optional("avatar", gives("x"), setAvatar).Timeout(200*time.Millisecond)); err != nil {
		t.Errorf("with all of the declared time: %v", err)
	}
	const at = `fanout "plan", source `
	sameLines(
		t, err,
		at+`"name": need = optional; must be required, as the field is declared`,
		at+`"avatar": need = required; must be optional, as the field is declared`,
		at+`"avatar": stale = a step; must be left out, as the field is declared`,
		at+`"avatar": timeout = 1s; must be at most 200ms, as the field is declared`,
		at+`"tags": need = optional; must be required, as the field is declared`,
		at+`"tags": timeout = 2s; must be at most 1s, as the field is declared`,
	)
	_, err = fanout.NewPlanWith(
		fanout.Config{Name: "plan", Declared: func(protoreflect.FieldDescriptor) (fanout.Declaration, error) {
			return fanout.Declaration{}, errors.New("unclear")
		}},
		fanout.Optional("name", gives("x"), setName),
	)
	sameLines(t, err, at+`"name": unclear`)
	_, err = fanout.NewPlanWith(
		fanout.Config{Name: "plan", Declared: declared(map[protoreflect.FullName]fanout.Declaration{profile + "parent": {Timeout: 25 * time.Hour}})},
		fanout.Optional("parent", gives[response](nil), setParent),
	)
	sameLines(
		t, err, at+`"parent": declared timeout = 25h0m0s; must be in [1ms, 24h0m0s]`,
		at+`"parent", step "parent": timeout = 25h0m0s; must be in [1ms, 24h0m0s]`,
	)
}

// A source that obeys has the declared time, if it names none: itself, and not its
// fallbacks.
func TestDeclaredTimeoutIsTheDefault(t *testing.T) {
	t.Parallel()
	slow := func(ctx context.Context, _ request) (string, error) {
		<-ctx.Done()
		return "", ctx.Err()
	}
	for _, tt := range []struct {
		name   string
		source fanout.Field[request, response, string]
		want   time.Duration
	}{
		{"declared", fanout.Optional("avatar", slow, setAvatar), 200 * time.Millisecond},
		{"its own", fanout.Optional("avatar", slow, setAvatar).Timeout(50 * time.Millisecond), 50 * time.Millisecond},
		{"before a fallback", fanout.Optional("avatar", slow, setAvatar).Else(fallback.To("other", gives("x"))), 200 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				plan, err := fanout.NewPlanWith(
					fanout.Config{Name: "plan", Declared: declared(map[protoreflect.FullName]fanout.Declaration{
						profile + "avatar": {Need: fanout.NeedOptional, Timeout: 200 * time.Millisecond, NeverStale: true},
					})},
					fanout.Required("name", gives("x"), setName), tt.source,
				)
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				report, err := plan.Gather(t.Context(), nil, new(testv1.GetProfileResponse))
				if err != nil || report.State("avatar") == degrade.Intact || time.Since(began) != tt.want {
					t.Errorf("%v, avatar %v after %v; want it degraded after %v", err, report.State("avatar"), time.Since(began), tt.want)
				}
			})
		})
	}
}
