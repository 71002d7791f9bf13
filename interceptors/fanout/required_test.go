package fanout_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// requiring runs a handler for a call whose caller requires fields, and returns the error
// of the call.
func requiring(t *testing.T, fields string, handler func(context.Context) (*testv1.GetProfileResponse, error)) error {
	t.Helper()
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs(degrade.RequireKey, "fields="+fields))
	_, err := degrade.UnaryServerInterceptor()(ctx, nil, &grpc.UnaryServerInfo{}, func(ctx context.Context, _ any) (any, error) {
		return handler(ctx)
	})
	return err
}

// A plan gives up as soon as a required field cannot be had any more, and goes on where it
// is another one.
func TestRequiredFieldsEndAPlanEarly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fields string
		avatar fanout.Source[request, response]
		fails  bool
		took   time.Duration
	}{
		"it fails":         {"avatar", fanout.Optional("avatar", fails(errDown), setAvatar), true, 0},
		"another one does": {"name", fanout.Optional("avatar", fails(errDown), setAvatar), false, time.Minute},
		"it is a default": {"avatar", fanout.Optional("avatar", fails(errDown), setAvatar).
			Else(fallback.Default(func(request) string { return "none" })), true, 0},
		"another one is": {"name", fanout.Optional("avatar", fails(errDown), setAvatar).
			Else(fallback.Default(func(request) string { return "none" })), false, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := planWith(t, fanout.Config{Name: "GetProfile", MaxDuration: time.Hour},
					fanout.Required("name", after(time.Minute, "Ada"), setName), tt.avatar)
				begin := time.Now()
				err := requiring(t, tt.fields, func(ctx context.Context) (*testv1.GetProfileResponse, error) {
					resp := &testv1.GetProfileResponse{}
					_, err := p.Gather(ctx, nil, resp)
					return resp, err
				})
				if _, is := errors.AsType[*degrade.IncompleteError](err); is != tt.fails || !is && err != nil {
					t.Errorf("%v; want an error: %v", err, tt.fails)
				}
				if took := time.Since(begin); took != tt.took {
					t.Errorf("took %v; want %v", took, tt.took)
				}
			})
		})
	}
}

// What lies within a required field is required too, and nothing beside it.
func TestSourcesAreToldWhatIsRequiredOfThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		told := map[string]bool{}
		source := func(path string) fanout.Source[request, response] {
			return fanout.Optional(path, func(ctx context.Context, _ request) (string, error) {
				mu.Lock()
				defer mu.Unlock()
				told[path] = degrade.CompleteRequired(ctx)
				return "", nil
			}, func(response, string) {})
		}
		p := plan(t, source("parent.name"), source("name"), source("card.seller"))
		err := requiring(t, "parent,card.seller.name", func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			_, err := p.Gather(ctx, nil, &testv1.GetProfileResponse{})
			return &testv1.GetProfileResponse{}, err
		})
		if err != nil || !told["parent.name"] || told["name"] || told["card.seller"] {
			t.Errorf("told %v, %v", told, err)
		}
	})
}

// Of how many elements some are missing is known: of those that were asked for, less those
// that do not exist.
func TestMarkersOnElementsSayOfHowMany(t *testing.T) {
	t.Parallel()
	gone := func(ctx context.Context, _ request, key int) (string, error) {
		if key < 3 {
			return "", errDown
		}
		return strconv.Itoa(key), ctx.Err()
	}
	for name, tt := range map[string]struct {
		source tags
		want   int
	}{
		"all asked":     {each(10, gone), 10},
		"some too many": {each(10, gone).MaxKeys(8), 10},
	} {
		_, r := alone(t, tt.source, time.Minute)
		n := 0
		for m := range r.Markers() {
			if n++; m.Total != tt.want {
				t.Errorf("%s: %d of %d are %v; want of %d", name, m.Count, m.Total, m.State, tt.want)
			}
		}
		if n == 0 {
			t.Errorf("%s: nothing is marked", name)
		}
	}
}
