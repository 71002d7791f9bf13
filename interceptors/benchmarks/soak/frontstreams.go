package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// WatchProfiles passes a stream of the server through.
func (f *front) WatchProfiles(req *testv1.WatchProfilesRequest, s grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
	from, err := f.a.WatchProfiles(degrade.Under(passOn(s.Context()), ""), req)
	if err != nil {
		return err
	}
	for {
		m, err := from.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(m); err != nil {
			return err
		}
	}
}

// UploadNames passes a stream of the client through.
func (f *front) UploadNames(s grpc.ClientStreamingServer[testv1.UploadNamesRequest, testv1.UploadNamesResponse]) error {
	to, err := f.a.UploadNames(degrade.Under(passOn(s.Context()), ""))
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
	r, err := to.CloseAndRecv()
	if err != nil {
		return err
	}
	return s.SendAndClose(degrade.Cleared(r))
}

// Chat passes a stream of both through.
func (f *front) Chat(s grpc.BidiStreamingServer[testv1.ChatRequest, testv1.ChatResponse]) error {
	ctx, cancel := context.WithCancel(degrade.Under(passOn(s.Context()), ""))
	defer cancel()
	to, err := f.b.Chat(ctx)
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
	for {
		m, err := to.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.Send(m); err != nil {
			return err
		}
	}
}
