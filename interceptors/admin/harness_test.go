package admin_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/admin"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

const users = "dns:///users"

var errDown = status.Error(codes.Unavailable, "down")

// newSet makes a set that logs nothing.
func newSet(tb testing.TB, opts ...config.Option) *config.Set {
	tb.Helper()
	s, err := config.New(append([]config.Option{config.WithLogger(slog.New(slog.DiscardHandler))}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// ada may do everything.
func ada(context.Context, *adminv1.OverrideRequest) (string, error) { return "ada", nil }

// serve serves the admin service of a set behind a guard by the same set.
func serve(tb testing.TB, set *config.Set, opts ...admin.Option) adminv1.AdminServiceClient {
	tb.Helper()
	server := grpc.NewServer(append(interceptors.ServerOptions(set.Rules()), grpc.WaitForHandlers(true))...)
	opts = append([]admin.Option{admin.WithLogger(slog.New(slog.DiscardHandler))}, opts...)
	if err := admin.Register(server, set, opts...); err != nil {
		tb.Fatal(err)
	}
	return adminv1.NewAdminServiceClient(rpctest.Serve(tb, server, "admin"))
}

// call makes a call under the rules of a set that ends with err.
func call(set *config.Set, method, target string, err error) error {
	a := policy.Begin()
	defer a.End()
	a.Call = policy.Call{Method: method, Target: target}
	_, refused := set.Rules().Resolve(&a.Call).Admit(context.Background(), a)
	if refused == nil {
		a.Settle(err)
	}
	return refused
}

// fill makes calls of n methods.
func fill(set *config.Set, n int) {
	for i := range n {
		_ = call(set, fmt.Sprintf("/shop.v1.Service%d/Method%d", i%100, i), users, nil)
	}
}

func manyKeys(n int) config.Option { return config.WithPolicyOptions(rules.WithMaxKeys(n)) }

// force asks to force circuits open for a minute.
func force(scope *policyv1.OverrideScope) *adminv1.OverrideRequest {
	return &adminv1.OverrideRequest{
		Scope: scope, Reason: "a drill", Command: &adminv1.OverrideRequest_Begin_{Begin: &adminv1.OverrideRequest_Begin{
			Action: policyv1.Action_ACTION_FORCE_OPEN, For: durationpb.New(time.Minute),
		}},
	}
}

// pages takes a snapshot, page by page.
func pages(tb testing.TB, c adminv1.AdminServiceClient, r *adminv1.SnapshotRequest) (all []*adminv1.SnapshotResponse) {
	tb.Helper()
	for {
		page, err := c.Snapshot(tb.Context(), r)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, page)
		if page.GetNextPageToken() == "" {
			return all
		}
		if r.GetPageToken() == page.GetNextPageToken() {
			tb.Fatal("the same page comes again")
		}
		r.PageToken = page.GetNextPageToken()
	}
}

// isOpen reports whether a call was refused by an open circuit.
func isOpen(err error) bool {
	var r *policy.Rejection
	return errors.As(err, &r) && r.Reason == policy.ReasonCircuitOpen
}
