package fallback_test

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/fallback"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// Any function can have fallbacks. The answer says where it comes from.
func Example() {
	fetch := func(context.Context, int) (string, error) {
		return "", status.Error(codes.Unavailable, "connection refused")
	}
	fromCache := func(_ context.Context, id int) (string, time.Time, error) {
		return fmt.Sprintf("profile %d, an hour ago", id), time.Now().Add(-time.Hour), nil
	}
	profile, err := fallback.New("profile",
		fallback.To("profile service", fetch).Timeout(500*time.Millisecond),
		fallback.Stale("cache", fromCache).Timeout(50*time.Millisecond),
		fallback.Default(func(int) string { return "anonymous" }))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	answer, err := profile.Do(ctx, 7)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, from the %s: %v\n", answer.Value, answer.Step, answer.Report.State(""))
	fmt.Println("because of", answer.Cause)
	// Output:
	// profile 7, an hour ago, from the cache: stale
	// because of rpc error: code = Unavailable desc = connection refused
}

// callerOf returns whose request it is: the credentials that the call passes on, if it
// has any.
func callerOf(ctx context.Context, _ proto.Message) (string, bool) {
	outgoing, _ := metadata.FromOutgoingContext(ctx)
	credentials := outgoing.Get("authorization")
	return fmt.Sprintf("%q", credentials), len(credentials) > 0
}

// A client's calls can have fallbacks without a change where they are made.
func ExampleNewMethods() {
	lastGood, err := fallback.NewStore(fallback.StoreConfig{MaxAge: 10 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	get := fallback.For[*testv1.GetProfileRequest, *testv1.GetProfileResponse](testv1.TierService_GetProfile_FullMethodName)
	profiles, err := fallback.NewMethods("dns:///profiles.example:443",
		get.Else(
			get.LastGood(lastGood, fallback.KeyBy(callerOf)),
			get.Static(&testv1.GetProfileResponse{Name: "anonymous"}),
		))
	if err != nil {
		fmt.Println(err)
		return
	}
	rules, err := interceptors.Default()
	if err != nil {
		fmt.Println(err)
		return
	}
	dialOptions := interceptors.DialOptions(rules, interceptors.WithFallbacks(profiles))
	fmt.Println(len(dialOptions), "dial options")
	// Output: 2 dial options
}

// Faults are found when a chain is made, all at once.
func ExampleNew_faults() {
	_, err := fallback.New("profile",
		fallback.To[int, string]("profile service", nil).Timeout(-time.Second),
		fallback.Default(func(int) string { return "anonymous" }))
	fmt.Println(err)
	// Output:
	// fallback "profile", step "profile service": function = nil; must be a function
	// fallback "profile", step "profile service": timeout = -1s; must be in [1ms, 24h0m0s]
}

// A chain, or a source of a plan, can answer with the last good value. The key says all on
// which that depends.
func ExampleLastGood() {
	store, err := fallback.NewStore(fallback.StoreConfig{MaxAge: 10 * time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	down := false
	fetch := func(_ context.Context, user string) (*testv1.GetProfileResponse, error) {
		if down {
			return nil, status.Error(codes.Unavailable, "connection refused")
		}
		return &testv1.GetProfileResponse{Name: "profile of " + user}, nil
	}
	profile, err := fallback.New("profile",
		fallback.To("profile service", fetch),
		fallback.LastGood[string, *testv1.GetProfileResponse](store,
			func(_ context.Context, user string) (string, bool) { return user, true }))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, down = range []bool{false, true} {
		answer, err := profile.Do(context.Background(), "ann")
		fmt.Println(answer.Value.GetName(), answer.Report, err)
	}
	// Output:
	// profile of ann complete <nil>
	// profile of ann "" is stale (unavailable) <nil>
}
