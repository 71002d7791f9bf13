package degrade_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// streams is a tier whose streams mark one field, unless told to fail.
func streams(tb testing.TB, fails error) *tier {
	tb.Helper()
	return &tier{
		watch: func(w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
			mark(w.Context(), tb, "name", degrade.Stale)
			for range 2 {
				if err := w.Send(&testv1.WatchProfilesResponse{}); err != nil {
					return err
				}
			}
			return fails
		},
		upload: func(u grpc.ClientStreamingServer[testv1.UploadNamesRequest, testv1.UploadNamesResponse]) error {
			mark(u.Context(), tb, "count", degrade.Partial)
			for {
				if _, err := u.Recv(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					return err
				}
			}
			if fails != nil {
				return fails
			}
			return u.SendAndClose(&testv1.UploadNamesResponse{})
		},
		chat: func(c grpc.BidiStreamingServer[testv1.ChatRequest, testv1.ChatResponse]) error {
			mark(c.Context(), tb, "text", degrade.Missing)
			for {
				switch _, err := c.Recv(); {
				case errors.Is(err, io.EOF):
					return fails
				case err != nil:
					return err
				}
				if err := c.Send(&testv1.ChatResponse{}); err != nil {
					return err
				}
			}
		},
	}
}

// chat sends one message, reads the answer, and then all up to the end.
func chat(ctx context.Context, client testv1.TierServiceClient, opts ...grpc.CallOption) error {
	c, err := client.Chat(ctx, opts...)
	if err != nil {
		return err
	}
	// Send has EOF of a stream that is over already; how it ended, Recv says.
	if err := errors.Join(c.Send(&testv1.ChatRequest{}), c.CloseSend()); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for err == nil {
		_, err = c.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func upload(ctx context.Context, client testv1.TierServiceClient, opts ...grpc.CallOption) error {
	u, err := client.UploadNames(ctx, opts...)
	if err != nil {
		return err
	}
	if err := u.Send(&testv1.UploadNamesRequest{}); err != nil {
		return err
	}
	_, err = u.CloseAndRecv()
	return err
}

func watch(ctx context.Context, client testv1.TierServiceClient, opts ...grpc.CallOption) error {
	w, err := client.WatchProfiles(ctx, nil, opts...)
	for err == nil {
		_, err = w.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Streams of all kinds report at their end, in the trailer.
func TestStreamsReportAtTheirEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := serve(t, streams(t, nil), markingServer()...)
		client, ignorant := dial(t, listener, readingClient()...), dial(t, listener)
		for want, call := range map[string]func(context.Context, testv1.TierServiceClient, ...grpc.CallOption) error{
			"name stale": watch, "count partial": upload, "text missing": chat,
		} {
			var r degrade.Report
			var header, trailer metadata.MD
			opts := []grpc.CallOption{degrade.Capture(&r), grpc.Header(&header), grpc.Trailer(&trailer), degrade.RequireComplete()}
			if err := call(t.Context(), client, opts...); err != nil || !slices.Equal(claims(r), []string{want}) {
				t.Errorf("%s: %v, %v", want, claims(r), err)
			}
			if len(trailer.Get(degrade.SummaryKey)) != 1 || len(header.Get(degrade.SummaryKey)) != 0 {
				t.Errorf("%s: header %v, trailer %v", want, header, trailer)
			}
			if err := call(t.Context(), ignorant); err != nil {
				t.Errorf("%s, without interceptors: %v", want, err)
			}
			if err := call(t.Context(), client); err != nil {
				t.Errorf("%s, without Capture: %v", want, err)
			}
		}
	})
}

// A stream that failed says what the details of its status say.
func TestStreamsThatFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			fails error
			code  codes.Code
			want  []string
		}{
			{degrade.NewReport(missing("name")).Err(), codes.Unavailable, []string{"name missing"}},
			{status.Error(codes.Aborted, "no"), codes.Aborted, []string{}},
		} {
			client := start(t, streams(t, tt.fails))
			for name, call := range map[string]func(context.Context, testv1.TierServiceClient, ...grpc.CallOption) error{
				"server": watch, "client": upload, "both": chat,
			} {
				var r degrade.Report
				var trailer metadata.MD
				err := call(t.Context(), client, degrade.Capture(&r), grpc.Trailer(&trailer))
				if status.Code(err) != tt.code || !slices.Equal(claims(r), tt.want) || r.Known() != (len(tt.want) > 0) {
					t.Errorf("%s: %v, %v; want %v, %v", name, err, claims(r), tt.code, tt.want)
				}
				if len(trailer.Get(degrade.SummaryKey)) > 0 {
					t.Errorf("%s: trailer %v", name, trailer)
				}
			}
		}
	})
}

// Nothing is known of a stream until its end was read, nor of one that was left
// before.
func TestStreamLeftBeforeItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := start(t, streams(t, nil))
		scoped, scope := degrade.Open(t.Context())
		ctx, cancel := context.WithCancel(scoped)
		r := degrade.NewReport(missing("from an earlier call"))
		c, err := client.Chat(ctx, degrade.Capture(&r))
		if err == nil {
			err = c.Send(&testv1.ChatRequest{})
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Recv(); err != nil || r.Known() {
			t.Fatalf("%v, known %v", err, r.Known())
		}
		cancel()
		if _, err := c.Recv(); status.Code(err) != codes.Canceled || r.Known() {
			t.Errorf("%v, known %v", err, r.Known())
		}
		if got := scope.Close(); !got.Complete() {
			t.Errorf("the scope heard %v", claims(got))
		}
	})
}

// A complete stream says so.
func TestStreamThatIsComplete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := start(t, &tier{chat: func(grpc.BidiStreamingServer[testv1.ChatRequest, testv1.ChatResponse]) error { return nil }})
		var r degrade.Report
		if err := chat(t.Context(), client, degrade.Capture(&r)); err != nil || !r.Complete() {
			t.Errorf("%v, complete %v", err, r.Complete())
		}
	})
}

// A stream that cannot be opened passes its error on.
func TestStreamThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	intercept := degrade.StreamClientInterceptor()
	var r degrade.Report
	s, err := intercept(t.Context(), &grpc.StreamDesc{}, nil, "/m", func(
		context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		return nil, down
	}, degrade.Capture(&r))
	if s != nil || !errors.Is(err, down) || r.Known() {
		t.Errorf("%v, %v, known %v", s, err, r.Known())
	}
}
