package fallback_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/fallback"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// flaky answers with the request's id until it is down.
type flaky struct {
	down bool
	// degraded marks what it answers.
	degraded bool
	size     int
}

func (f *flaky) get(ctx context.Context, req *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	if f.down {
		return nil, errDown
	}
	var err error
	if f.degraded {
		err = degrade.Mark(ctx, "avatar", degrade.Missing, degrade.ReasonTimeout)
	}
	return &testv1.GetProfileResponse{Name: "profile of " + req.GetId(), Avatar: strings.Repeat("x", f.size)}, err
}

// ask gets a profile, nil if there is none, and what is said of it.
func ask(ctx context.Context, tb testing.TB, c testv1.TierServiceClient, id string) (*testv1.GetProfileResponse, degrade.Report) {
	tb.Helper()
	var report degrade.Report
	resp, err := c.GetProfile(ctx, &testv1.GetProfileRequest{Id: id}, degrade.Capture(&report))
	if err != nil {
		if status.Code(err) != codes.Unavailable {
			tb.Error(err)
		}
		return nil, report
	}
	return resp, report
}

func TestLastGoodResponseWithItsAge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var server flaky
		c := testv1.NewTierServiceClient((&profiles{get: server.get}).dial(t, "main",
			methods(t, method().Else(method().LastGood(store(t, fallback.StoreConfig{MaxAge: time.Hour}), fallback.SameForAll())))))
		ask(t.Context(), t, c, "1")
		server.down = true
		time.Sleep(time.Minute)
		resp, report := ask(t.Context(), t, c, "1")
		if resp.GetName() != "profile of 1" || report.State("") != degrade.Stale || report.Age("") != time.Minute {
			t.Errorf("response = %v, report %v", resp, report.Proto())
		}
		if resp, _ := ask(t.Context(), t, c, "2"); resp != nil {
			t.Errorf("another request got %v", resp)
		}
		time.Sleep(time.Hour)
		if resp, _ := ask(t.Context(), t, c, "1"); resp != nil {
			t.Errorf("too old: %v", resp)
		}
	})
}

func TestIncompleteResponsesAreNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, kept := flaky{}, store(t, fallback.StoreConfig{})
		c := testv1.NewTierServiceClient((&profiles{get: server.get}).dial(t, "main", methods(t, method().Else(method().LastGood(kept, fallback.SameForAll())))))
		server.degraded = true
		ask(t.Context(), t, c, "1")
		if kept.Len() != 0 {
			t.Fatalf("%d responses kept; want none", kept.Len())
		}
		server.degraded = false
		ask(t.Context(), t, c, "1")
		server.degraded = true
		ask(t.Context(), t, c, "1") // does not replace the good one
		server.down = true
		resp, report := ask(t.Context(), t, c, "1")
		if report.Len() != 1 || report.State("avatar") != degrade.Stale || resp.GetName() != "profile of 1" {
			t.Errorf("response = %v, report %v", resp, report.Proto())
		}
	})
}

func TestStoreIsBounded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg  fallback.StoreConfig
		want int
	}{
		"entries": {fallback.StoreConfig{MaxEntries: 3}, 3},
		"bytes":   {fallback.StoreConfig{MaxBytes: 2500}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, kept := flaky{size: 1000}, store(t, tt.cfg)
				c := testv1.NewTierServiceClient((&profiles{get: server.get}).dial(t, "main", methods(t, method().Else(method().LastGood(kept, fallback.SameForAll())))))
				for i := range 20 {
					ask(t.Context(), t, c, strconv.Itoa(i))
					ask(t.Context(), t, c, strconv.Itoa(i)) // the same again takes no more room
				}
				if kept.Len() != tt.want || kept.Bytes() > 3500 || kept.Bytes() < 1000*tt.want {
					t.Errorf("%d responses of %d bytes; want %d", kept.Len(), kept.Bytes(), tt.want)
				}
				server.size = 1 << 17
				ask(t.Context(), t, c, "huge")
				if tt.cfg.MaxBytes > 0 && kept.Len() != tt.want {
					t.Errorf("a response larger than the store left %d; want %d", kept.Len(), tt.want)
				}
				server.down = true
				if resp, _ := ask(t.Context(), t, c, "19"); resp.GetName() != "profile of 19" {
					t.Errorf("the most recent one: %v", resp)
				}
				if resp, _ := ask(t.Context(), t, c, "0"); resp != nil {
					t.Errorf("the oldest one: %v", resp)
				}
			})
		})
	}
}

func TestClearForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, kept := flaky{}, store(t, fallback.StoreConfig{})
		c := testv1.NewTierServiceClient((&profiles{get: server.get}).dial(t, "main", methods(t, method().Else(method().LastGood(kept, fallback.SameForAll())))))
		ask(t.Context(), t, c, "1")
		if kept.Len() != 1 || kept.Bytes() == 0 {
			t.Fatalf("%d responses of %d bytes", kept.Len(), kept.Bytes())
		}
		kept.Clear()
		server.down = true
		if resp, _ := ask(t.Context(), t, c, "1"); resp != nil || kept.Len() != 0 || kept.Bytes() != 0 {
			t.Errorf("response = %v; %d responses of %d bytes", resp, kept.Len(), kept.Bytes())
		}
	})
}
