package degrade_test

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// handMiddle answers with accounts. It has a fallback for the profile.
type handMiddle struct {
	testv1.UnimplementedTierServiceServer

	*tierTest
}

func newHandMiddle(_ testing.TB, tt *tierTest) testv1.TierServiceServer {
	return handMiddle{tierTest: tt}
}

func (s handMiddle) GetAccount(ctx context.Context, req *testv1.GetAccountRequest) (*testv1.GetAccountResponse, error) {
	if err := s.fate(req.GetId()).meet(ctx); err != nil {
		return nil, err
	}
	resp := &testv1.GetAccountResponse{}
	resp.Profile = s.profile(degrade.Under(ctx, "profile"), req.GetId())
	friend, err := ask(degrade.Under(ctx, degrade.Key("friends", "b.f")), s.leaf, req.GetId()+"/friend")
	if err != nil {
		failed(ctx, degrade.Key("friends", "b.f"), err)
	}
	resp.Friends = map[string]*testv1.GetProfileResponse{"b.f": friend}
	return resp, nil
}

// profile asks the leaf, each time in an attempt of its own. Of what was said in
// an attempt that failed nothing is left.
func (s handMiddle) profile(ctx context.Context, id string) *testv1.GetProfileResponse {
	var first error
	for _, way := range []string{"/profile", "/fallback"} {
		attempt, scope := degrade.Open(ctx)
		p, err := ask(degrade.Under(attempt, ""), s.leaf, id+way)
		switch {
		case err == nil:
			degrade.Merge(ctx, scope.Close())
			if first != nil {
				degrade.Merge(ctx, degrade.NewReport(degrade.Marker{State: degrade.Substituted, Reason: degrade.ReasonOf(first)}))
			}
			return p
		case first == nil && status.Code(err) == codes.NotFound:
			return nil // an answer
		case first == nil:
			first = err
		}
		degrade.Merge(attempt, degrade.NewReport(missing("what is lost"))) // with the attempt
	}
	degrade.Merge(ctx, degrade.NewReport(degrade.Marker{State: degrade.Missing, Reason: degrade.ReasonOf(first)}))
	return nil
}

// handPage answers with pages.
type handPage struct {
	testv1.UnimplementedTierServiceServer

	*tierTest
}

func newHandPage(_ testing.TB, tt *tierTest) testv1.TierServiceServer { return handPage{tierTest: tt} }

func (s handPage) GetPage(ctx context.Context, req *testv1.GetPageRequest) (*testv1.GetPageResponse, error) {
	if err := s.fate(req.GetId()).meet(ctx); err != nil {
		return nil, err
	}
	resp := &testv1.GetPageResponse{Profiles: make([]*testv1.GetProfileResponse, listed)}
	var all sync.WaitGroup
	all.Go(func() {
		limited, cancel := context.WithTimeout(degrade.Under(ctx, "account"), 4*patience)
		defer cancel()
		var err error
		if resp.Account, err = s.middle.GetAccount(limited, &testv1.GetAccountRequest{Id: req.GetId() + "/account"}); err != nil {
			failed(ctx, "account", err)
		}
	})
	for i := range listed {
		all.Go(func() {
			id := req.GetId() + "/list/" + strconv.Itoa(i)
			var err error
			resp.Profiles[i], err = ask(degrade.Under(ctx, "profiles[*]"), s.leaf, id)
			if err == nil {
				return
			}
			resp.Profiles[i] = &testv1.GetProfileResponse{}
			if status.Code(err) != codes.NotFound {
				degrade.Add(ctx, degrade.NewReport(degrade.Marker{
					Path: "profiles[*]", State: degrade.Missing, Reason: degrade.ReasonOf(err), Keys: []string{strconv.Itoa(i)},
				}))
			}
		})
	}
	all.Go(func() { _, _ = ask(degrade.Unused(ctx), s.leaf, req.GetId()+"/unused") })
	all.Wait()
	return resp, nil
}

func ask(ctx context.Context, leaf testv1.TierServiceClient, id string) (*testv1.GetProfileResponse, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return leaf.GetProfile(limited, &testv1.GetProfileRequest{Id: id})
}

// failed marks a field whose source failed, unless it answered that there is nothing.
func failed(ctx context.Context, path string, err error) {
	if status.Code(err) == codes.NotFound {
		return
	}
	degrade.Add(ctx, degrade.NewReport(degrade.Marker{Path: path, State: degrade.Missing, Reason: degrade.ReasonOf(err)}))
}
