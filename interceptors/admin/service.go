package admin

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
)

// MaxWatchers is how many calls of Watch a [Service] serves at a time. It refuses others
// with RESOURCE_EXHAUSTED.
const MaxWatchers = 100

// Service is the service of one set of rules. It is safe for concurrent use. Make one with
// [New]; the zero Service must not be used.
type Service struct {
	adminv1.UnimplementedAdminServiceServer
	options

	set      *config.Set
	watchers atomic.Int64
}

// New returns the service of a set, or all that is wrong with the arguments.
func New(set *config.Set, opts ...Option) (*Service, error) {
	f := validate.Of("admin")
	f.Require(set != nil, "set", "nil", "a set of rules")
	if err := errors.Join(f.Err(), validate.Options("admin", opts)); err != nil {
		return nil, err
	}
	s := &Service{set: set}
	for _, o := range opts {
		o.apply(&s.options)
	}
	return s, nil
}

// Register makes a [Service] and registers it with a server, which must not be serving yet.
func Register(server grpc.ServiceRegistrar, set *config.Set, opts ...Option) error {
	s, err := New(set, opts...)
	if err == nil {
		adminv1.RegisterAdminServiceServer(server, s)
	}
	return err
}

// Snapshot implements the method of that name.
func (s *Service) Snapshot(ctx context.Context, r *adminv1.SnapshotRequest) (*adminv1.SnapshotResponse, error) {
	return takeSnapshot(ctx, s.set, r)
}

// Watch implements the method of that name.
func (s *Service) Watch(r *adminv1.WatchRequest, stream grpc.ServerStreamingServer[adminv1.WatchResponse]) error {
	return s.WatchTo(stream.Context(), r, stream.Send)
}

// WatchTo does what Watch does, and hands each response to send until ctx ends or send
// returns an error. It is for whoever shows changes by other means than gRPC.
func (s *Service) WatchTo(ctx context.Context, r *adminv1.WatchRequest, send func(*adminv1.WatchResponse) error) error {
	if s.watchers.Add(1) > MaxWatchers {
		s.watchers.Add(-1)
		return status.Error(codes.ResourceExhausted, fmt.Sprintf("admin: there are %d watchers; must be at most that many", MaxWatchers))
	}
	defer s.watchers.Add(-1)
	return watch(ctx, s.set, r, send)
}

// Explain implements the method of that name.
func (s *Service) Explain(_ context.Context, r *adminv1.ExplainRequest) (*adminv1.ExplainResponse, error) {
	return explain(s.set, r)
}

// Override implements the method of that name.
func (s *Service) Override(ctx context.Context, r *adminv1.OverrideRequest) (*adminv1.OverrideResponse, error) {
	return s.OverrideAs(ctx, r, s.authoriser)
}

// OverrideAs does what Override does, for those whom a authorises in place of the service's
// own authoriser; nobody if a is nil. It is for whoever takes changes by other means than
// gRPC.
func (s *Service) OverrideAs(ctx context.Context, r *adminv1.OverrideRequest, a Authoriser) (*adminv1.OverrideResponse, error) {
	if err := checkCommand(r); err != nil {
		return nil, err
	}
	if r.GetDryRun() {
		return dryRun(s.set, r)
	}
	author, err := authorise(ctx, r, a)
	if err != nil {
		logRefused(ctx, s.log(), r, err)
		return nil, err
	}
	return steer(s.set, r, author) //nolint:contextcheck // a change that has begun is made to the end
}
