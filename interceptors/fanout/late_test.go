package fanout_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// ends answers after d, whatever its context says.
func ends(d time.Duration, value string) func(context.Context, request) (string, error) {
	return func(context.Context, request) (string, error) {
		time.Sleep(d)
		return value, nil
	}
}

// Sources end before the end of the time and after it, at random: what ended before is
// in the response, the rest is not, and nothing is written to it after Gather has
// returned. The race detector watches.
func TestResponseHasAllThatWasInTimeAndIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const has, reserve = 100 * time.Millisecond, 10 * time.Millisecond
		rng := rand.New(rand.NewPCG(7, 2026))
		// Never at the end itself, when either is right.
		drawn := func() time.Duration { return time.Duration(rng.IntN(200))*time.Millisecond + time.Millisecond/2 }
		for range 300 {
			name, avatar, tags := drawn(), drawn(), []time.Duration{drawn(), drawn(), drawn(), drawn()}
			tagged := func(_ context.Context, _ request, key int) (string, error) {
				time.Sleep(tags[key])
				return strconv.Itoa(key), nil
			}
			resp := &testv1.GetProfileResponse{}
			_, err := plan(
				t,
				fanout.Optional("name", ends(name, "Ada"), setName),
				fanout.Optional("avatar", fails(errDown), setAvatar).Else(fallback.To("cache", ends(avatar, "a.png"))),
				each(len(tags), tagged).AtLeast(0),
			).Gather(within(t, has), nil, resp)
			if err != nil {
				t.Fatal(err)
			}
			before := proto.CloneOf(resp)
			var want []string
			for i, d := range tags {
				if d < has-reserve {
					want = append(want, strconv.Itoa(i))
				}
			}
			if (resp.GetName() != "") != (name < has-reserve) || (resp.GetAvatar() != "") != (avatar < has-reserve) || !slices.Equal(resp.GetTags(), want) {
				t.Fatalf("sources ended after %v, %v, %v: %v", name, avatar, tags, resp)
			}
			time.Sleep(2 * has)
			synctest.Wait()
			if !proto.Equal(resp, before) {
				t.Fatalf("was %v when Gather returned, and became %v", before, resp)
			}
		}
	})
}

// A source's goroutine may end in the same instant as the run: neither is the result
// half there, nor is anything written too late.
func TestResultsAtTheEndOfTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := plan(t, fanout.Optional("tags", gives([]string{"a"}), setTags),
			fanout.Optional("name", ends(90*time.Millisecond, "Ada"), setName), fanout.Optional("avatar", ends(90*time.Millisecond, "a.png"), setAvatar))
		for range 500 {
			resp := &testv1.GetProfileResponse{}
			r, err := p.Gather(within(t, 100*time.Millisecond), nil, resp)
			if err != nil || resp.GetName() != "" && resp.GetName() != "Ada" || resp.GetAvatar() != "" && resp.GetAvatar() != "a.png" {
				t.Fatalf("response = %v, %v", resp, err)
			}
			var missing []string
			if resp.GetAvatar() == "" {
				missing = append(missing, "avatar missing timeout")
			}
			if resp.GetName() == "" {
				missing = append(missing, "name missing timeout")
			}
			marked(t, r, missing...)
			synctest.Wait()
			time.Sleep(time.Millisecond)
		}
	})
}
