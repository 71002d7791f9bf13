package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// relay passes calls through to the backends.
type relay struct {
	testv1.UnimplementedTierServiceServer

	a, b testv1.TierServiceClient
}

// passOn returns the context of calls that a handler makes. As many handlers do, it
// passes on all metadata of its caller.
func passOn(ctx context.Context) context.Context {
	in, _ := metadata.FromIncomingContext(ctx)
	out := metadata.MD{}
	for key, values := range in {
		if !strings.HasPrefix(key, ":") && !strings.HasPrefix(key, "grpc-") && key != "content-type" && key != "user-agent" {
			out[key] = values
		}
	}
	return metadata.NewOutgoingContext(ctx, out)
}

// GetProfile passes a call through.
func (r *relay) GetProfile(ctx context.Context, req *testv1.GetProfileRequest) (*testv1.GetProfileResponse, error) {
	resp, err := r.b.GetProfile(degrade.Under(passOn(ctx), ""), req)
	return degrade.Cleared(resp), err
}

// WatchProfiles passes a stream of the server through.
func (r *relay) WatchProfiles(req *testv1.WatchProfilesRequest, s grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
	from, err := r.a.WatchProfiles(degrade.Under(passOn(s.Context()), ""), req)
	if err != nil {
		return err
	}
	return forward(from.Recv, s.Send)
}

// UploadNames passes a stream of the client through.
func (r *relay) UploadNames(s grpc.ClientStreamingServer[testv1.UploadNamesRequest, testv1.UploadNamesResponse]) error {
	to, err := r.a.UploadNames(degrade.Under(passOn(s.Context()), ""))
	if err != nil {
		return err
	}
	for {
		m, err := s.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := to.Send(m); err != nil {
			break // CloseAndRecv has the actual error
		}
	}
	resp, err := to.CloseAndRecv()
	if err != nil {
		return err
	}
	return s.SendAndClose(degrade.Cleared(resp))
}

// Chat passes a stream of both through.
func (r *relay) Chat(s grpc.BidiStreamingServer[testv1.ChatRequest, testv1.ChatResponse]) error {
	ctx, cancel := context.WithCancel(degrade.Under(passOn(s.Context()), ""))
	defer cancel()
	to, err := r.b.Chat(ctx)
	if err != nil {
		return err
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	defer cancel()
	sending.Go(func() {
		for {
			m, err := s.Recv()
			if errors.Is(err, io.EOF) {
				_ = to.CloseSend() // Recv has the actual error
				return
			}
			if err != nil || to.Send(m) != nil {
				cancel()
				return
			}
		}
	})
	return forward(to.Recv, s.Send)
}

// forward passes messages on until there are no more.
func forward[M any](receive func() (M, error), send func(M) error) error {
	for {
		m, err := receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := send(m); err != nil {
			return err
		}
	}
}
