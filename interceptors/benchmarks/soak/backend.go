package main

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// backend answers with values that say who made them for whom, and writes down what it
// did.
type backend struct {
	testv1.UnimplementedTierServiceServer

	name    string
	temper  *temper
	journal *journal
	host    *host
}

// startBackend serves a backend with the rules of its tier.
func startBackend(ctx context.Context, name string, d *dice, t *tier) (*backend, error) {
	b := &backend{name: name, temper: newTemper(d), journal: t.journal}
	var err error
	b.host, err = startHost(ctx, func() *grpc.Server { //nolint:contextcheck // each call has a context of its own
		s := grpc.NewServer(append(interceptors.ServerOptions(t.set.Rules()), grpc.WaitForHandlers(true))...)
		testv1.RegisterTierServiceServer(s, b)
		return s
	})
	return b, err
}

// suffer swings the mood, breaks connections and restarts until ctx ends.
func (b *backend) suffer(ctx context.Context) error {
	for sleep(ctx, b.temper.between(100*time.Millisecond, 1500*time.Millisecond)) == nil {
		b.temper.swing()
		switch {
		case b.temper.chance(0.1):
			b.host.breakConns()
		case b.temper.chance(0.05):
			if err := b.host.restart(ctx, b.temper.between(0, 300*time.Millisecond)); err != nil {
				return err
			}
		}
	}
	return nil
}

// serve answers for one attempt, and marks the field if the mood wants it.
func (b *backend) serve(ctx context.Context, what, key, field string) (deed, error) {
	d, err := b.temper.serve(ctx, b.journal.of(ctx), b.name, what, key)
	if err == nil && d.stale {
		err = degrade.Mark(ctx, field, degrade.Stale, degrade.ReasonTimeout)
	}
	return d, err
}

// GetAccount answers with a plan.
func (b *backend) GetAccount(ctx context.Context, req *testv1.GetAccountRequest) (*testv1.GetAccountResponse, error) {
	d, err := b.serve(ctx, "account", req.GetId(), "plan")
	if err != nil {
		return nil, err
	}
	return &testv1.GetAccountResponse{Plan: d.made.String()}, nil
}

// GetProfile answers with a name.
func (b *backend) GetProfile(ctx context.Context, req *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	d, err := b.serve(ctx, "profile", req.GetId(), "name")
	if err != nil {
		return nil, err
	}
	return &testv1.GetProfileResponse{Name: d.made.String()}, nil
}

// GetPlain answers with a text, and its markers are in the trailer.
func (b *backend) GetPlain(ctx context.Context, req *testv1.GetPlainRequest) (*testv1.GetPlainResponse, error) {
	d, err := b.serve(ctx, "plain", req.GetId(), "text")
	if err != nil {
		return nil, err
	}
	return &testv1.GetPlainResponse{Text: d.made.String()}, nil
}

// WatchProfiles sends the same name a few times, with pauses.
func (b *backend) WatchProfiles(req *testv1.WatchProfilesRequest, s grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
	d, err := b.serve(s.Context(), "watch", req.GetId(), "name")
	if err != nil {
		return err
	}
	for range 1 + b.temper.below(5) {
		if err := s.Send(&testv1.WatchProfilesResponse{Name: d.made.String()}); err != nil {
			return err
		}
		if err := sleep(s.Context(), b.temper.between(0, 5*time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

// UploadNames counts the names.
func (b *backend) UploadNames(s grpc.ClientStreamingServer[testv1.UploadNamesRequest, testv1.UploadNamesResponse]) error {
	if _, err := b.serve(s.Context(), "upload", "", "count"); err != nil {
		return err
	}
	for n := int32(0); ; n++ {
		_, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return s.SendAndClose(&testv1.UploadNamesResponse{Count: n})
		}
		if err != nil {
			return err
		}
	}
}

// Chat sends each text back.
func (b *backend) Chat(s grpc.BidiStreamingServer[testv1.ChatRequest, testv1.ChatResponse]) error {
	if _, err := b.serve(s.Context(), "chat", "", "text"); err != nil {
		return err
	}
	for {
		m, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(&testv1.ChatResponse{Text: m.GetText()}); err != nil {
			return err
		}
	}
}

// quickly says how connections that were lost are made again.
func quickly() grpc.ConnectParams {
	return grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond}}
}
