package backend_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/examples/shop/backend"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
)

// A narrow database answers one call after the other, and does also what nobody waits for
// any more. One that is not answers all at once.
func TestBottleneck(t *testing.T) {
	t.Parallel()
	db := data(t)
	synctest.Test(t, func(t *testing.T) {
		var narrow backend.Bottleneck
		_, cc := serve(t, backend.Users(db), backend.Config{Under: verdict{}, Bottleneck: &narrow})
		users := shopv1.NewUserServiceClient(cc)
		ask := func(ctx context.Context) (time.Duration, error) {
			begin := time.Now()
			_, err := users.GetUser(ctx, &shopv1.GetUserRequest{UserId: "user-0002"})
			return time.Since(begin), err
		}
		wantAll := func(want ...time.Duration) {
			t.Helper()
			if got := together(t, len(want), ask); !slices.Equal(got, want) {
				t.Errorf("calls took %v; want %v", got, want)
			}
		}
		const ms = time.Millisecond
		wantAll(0, 0, 0)
		narrow.Narrow(4 * ms)
		wantAll(4*ms, 8*ms, 12*ms)
		wantAll(4 * ms) // nobody is before it any more
		impatient, cancel := context.WithTimeout(t.Context(), ms)
		defer cancel()
		if took, err := ask(impatient); took != ms || status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("an impatient call: %v after %v", err, took)
		}
		wantAll(7 * ms) // the rest of that one, and its own
		narrow.Narrow(0)
		wantAll(0, 0)
	})
}

// together makes calls at once and returns how long each took, in order.
func together(t *testing.T, calls int, ask func(context.Context) (time.Duration, error)) []time.Duration {
	t.Helper()
	took := make([]time.Duration, calls)
	var asking sync.WaitGroup
	for i := range took {
		asking.Go(func() {
			var err error
			if took[i], err = ask(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	slices.Sort(took)
	return took
}

// Only a server that is told to has an overload control.
func TestControl(t *testing.T) {
	t.Parallel()
	for _, controlled := range []bool{false, true} {
		server, _ := serve(t, backend.Users(data(t)), backend.Config{Under: verdict{}, Controlled: controlled})
		if snap, ok := server.Control(); ok != controlled || (snap.Limit > 0) != controlled {
			t.Errorf("controlled %v: %v, %+v", controlled, ok, snap)
		}
	}
}
