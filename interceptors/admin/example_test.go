package admin_test

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/admin"
	"github.com/afloat-go/afloat/interceptors/admin/page"
	"github.com/afloat-go/afloat/interceptors/override"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
)

// operators serves the admin service to whoever has the token, on a server that only they
// can reach, and the page, read-only, beside it.
func operators(set *config.Set, server *grpc.Server, mux *http.ServeMux, token string) error {
	authorise := func(ctx context.Context, _ *adminv1.OverrideRequest) (author string, err error) {
		md, _ := metadata.FromIncomingContext(ctx)
		for _, given := range md.Get("authorization") {
			if subtle.ConstantTimeCompare([]byte(given), []byte("Bearer "+token)) == 1 {
				return "whoever is on call", nil
			}
		}
		return "", errors.New("there is no token of an operator")
	}
	service, err := admin.New(set, admin.WithAuthoriser(authorise))
	if err != nil {
		return err
	}
	adminv1.RegisterAdminServiceServer(server, service)
	handler, err := page.New(service)
	if err != nil {
		return err
	}
	mux.Handle("/afloat/", http.StripPrefix("/afloat", handler))
	return nil
}

// drain keeps calls away from a service for ten minutes, from within the program.
func drain(r *rules.Rules, target string) (override.Override, error) {
	return r.Steering().Override(override.Override{
		Directive: policy.Directive{Action: policy.ForceOpen},
		Command:   override.Command{Scope: override.Scope{Target: target}, Reason: "it is moved", Author: "deploy job 4711"},
		For:       10 * time.Minute,
	})
}

// The functions above stand in docs/operating.md.
var _, _ = operators, drain
