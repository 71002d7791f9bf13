package page

import (
	"context"
	"errors"

	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/step"
)

// ReadsPerSecond is how often the database is read in place of the user service.
// It was not made for the load of all pages: what is beyond fails.
const ReadsPerSecond = 100

// Copies is what stands in for the user service: the last good copy of each user,
// for up to an hour, and where there is none, the database behind a rate limit.
type Copies struct {
	// Fallbacks are for the connection to the user service.
	Fallbacks *fallback.Methods

	store *fallback.Store
}

// NewCopies returns those for the connection to target. read reads a user from the
// database. The observer, if there is one, hears of the stand-ins.
func NewCopies(
	target string, read func(id string) (*shopv1.User, error), observer step.Observer,
) (*Copies, error) {
	store, err := fallback.NewStore(fallback.StoreConfig{})
	limit, fault := ratelimit.New(ratelimit.Config{PerSecond: ReadsPerSecond, Burst: ReadsPerSecond / 2})
	if err := errors.Join(err, fault); err != nil {
		return nil, err
	}
	database := func(_ context.Context, req *shopv1.GetUserRequest) (*shopv1.GetUserResponse, error) {
		user, err := read(req.GetUserId())
		return &shopv1.GetUserResponse{User: user}, err
	}
	getUser := fallback.For[*shopv1.GetUserRequest, *shopv1.GetUserResponse](shopv1.UserService_GetUser_FullMethodName)
	fallbacks, err := fallback.NewMethodsWith(
		fallback.MethodsConfig{Target: target, Observer: observer},
		// What the user service says of a user does not depend on who asks.
		getUser.Else(getUser.LastGood(store, fallback.SameForAll()), fallback.To("database", database).Guard(limit)),
	)
	return &Copies{Fallbacks: fallbacks, store: store}, err
}

// Forget drops all copies, as a cache that is restarted does.
func (c *Copies) Forget() { c.store.Clear() }
