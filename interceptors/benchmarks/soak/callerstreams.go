package main

import (
	"context"
	"errors"
	"io"
	"strconv"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// watch reads a stream of the server, to its end or not.
func watch(ctx context.Context, c *caller, now *call) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var r degrade.Report
	c.books.streams.Add(1)
	s, err := c.client.WatchProfiles(ctx, &testv1.WatchProfilesRequest{Id: "w"}, degrade.Capture(&r))
	patience := c.below(8)
	name := ""
	for n := 0; err == nil; n++ {
		var m *testv1.WatchProfilesResponse
		if m, err = s.Recv(); err == nil {
			name = m.GetName()
		}
		if n == patience {
			cancel() // and reads on
		}
	}
	ended := errors.Is(err, io.EOF)
	if ended {
		err = nil
	}
	o := c.made(now, err, r)
	switch {
	case ended && name != "" && r.Known():
		o.name(name)
	case ended && name == "":
		o.add("errors", "call %d: a stream ended without a message", now.id)
	case ended && ctx.Err() == nil:
		o.add("markers", "call %d: nothing is known of a stream that was read to its end", now.id)
	}
}

// upload sends a few names, of which all must be counted.
func upload(ctx context.Context, c *caller, now *call) {
	var r degrade.Report
	c.books.streams.Add(1)
	s, err := c.client.UploadNames(ctx, degrade.Capture(&r))
	n := c.below(10)
	for range n {
		if err != nil {
			break
		}
		err = s.Send(&testv1.UploadNamesRequest{Name: "x"})
	}
	var got *testv1.UploadNamesResponse
	if s != nil && (err == nil || errors.Is(err, io.EOF)) {
		got, err = s.CloseAndRecv()
	}
	if o := c.made(now, err, r); err == nil && int(got.GetCount()) != n {
		o.add("errors", "call %d: %d names sent, %d counted", now.id, n, got.GetCount())
	}
}

// chat sends texts, each of which must come back.
func chat(ctx context.Context, c *caller, now *call) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var r degrade.Report
	c.books.streams.Add(1)
	s, err := c.client.Chat(ctx, degrade.Capture(&r))
	for i := 0; err == nil && i < 5; i++ {
		text := strconv.Itoa(i)
		if err = s.Send(&testv1.ChatRequest{Text: text}); err != nil {
			break
		}
		var m *testv1.ChatResponse
		if m, err = s.Recv(); err == nil && m.GetText() != text {
			c.add("errors", "call %d: %q came back as %q", now.id, text, m.GetText())
		}
	}
	if s != nil && (err == nil || errors.Is(err, io.EOF)) {
		_ = s.CloseSend() // Recv has the actual error
		for err == nil || errors.Is(err, io.EOF) {
			if _, err = s.Recv(); errors.Is(err, io.EOF) {
				err = nil
				break
			}
		}
	}
	c.made(now, err, r)
}

// drop opens a stream and forgets it, so that only the collector finds it.
func drop(ctx context.Context, c *caller, now *call) {
	c.books.streams.Add(1)
	s, err := c.client.WatchProfiles(ctx, &testv1.WatchProfilesRequest{Id: "w"})
	if err == nil {
		_, err = s.Recv()
	}
	if err == nil {
		c.books.dropped.Add(1)
	}
	if errors.Is(err, io.EOF) {
		now.did(deed{code: codes.Unknown})
	}
	c.made(now, err, degrade.Report{})
}
