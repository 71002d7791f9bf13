package degrade_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// A peer with the common limit of 8 KiB for all headers together gets every
// response and every error, whatever there is to say, with a true count.
func TestPeerWithSmallHeaders(t *testing.T) {
	t.Parallel()
	const elements = 500
	long := strings.Repeat("é", 110)
	for name, pathOf := range map[string]func(i int) string{
		"values of a map":   func(i int) string { return degrade.Key("offers", strconv.Itoa(i)) },
		"with long keys":    func(i int) string { return degrade.Key("offers", strconv.Itoa(i)+long) },
		"fields of values":  func(i int) string { return degrade.Key("offers", strconv.Itoa(i)+long) + ".price" },
		"elements, by name": func(int) string { return "profile.items[*]" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				say := func(ctx context.Context) {
					for i := range elements {
						m := sourced(pathOf(i))
						m.Keys, m.Count = []string{strconv.Itoa(i) + long[:100]}, 1
						degrade.Add(ctx, degrade.NewReport(m))
					}
				}
				listener := serve(t, &tier{
					plain: func(ctx context.Context) (*testv1.GetPlainResponse, error) {
						say(ctx)
						return &testv1.GetPlainResponse{Text: "here"}, nil
					},
					watch: func(w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
						say(w.Context())
						return nil
					},
				}, markingServer()...)
				client := dial(t, listener, append(readingClient(), grpc.WithMaxHeaderListSize(8<<10))...)
				check := func(what string, r degrade.Report) {
					if told(r) != elements || r.Complete() || proto.Size(r.Proto()) > degrade.MaxTrailerBytes {
						t.Errorf("%s: %d fields in %d bytes", what, told(r), proto.Size(r.Proto()))
					}
				}
				var r degrade.Report
				got, err := client.GetPlain(t.Context(), nil, degrade.Capture(&r))
				if err != nil || got.GetText() != "here" {
					t.Fatalf("%v, %v", got, err)
				}
				check("trailer", r)
				_, err = client.GetPlain(t.Context(), nil, degrade.Capture(&r), degrade.RequireComplete())
				if status.Code(err) != codes.Unavailable {
					t.Fatal(err)
				}
				check("details", r)
				s, err := client.WatchProfiles(t.Context(), nil, degrade.Capture(&r))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Recv(); err == nil || status.Code(err) == codes.Internal {
					t.Fatal(err)
				}
				check("trailer of a stream", r)
			})
		})
	}
}

// An error that such a peer gets without markers it gets with them too: what the text
// of the error leaves no room for is left out.
func TestPeerWithSmallHeadersAndLongErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var text string
		var many degrade.Report
		client := dial(t, serve(t, &tier{plain: func(context.Context) (*testv1.GetPlainResponse, error) {
			return nil, degrade.WithDetails(status.New(codes.Aborted, text), many).Err()
		}}, markingServer()...), append(readingClient(), grpc.WithMaxHeaderListSize(8<<10))...)
		var markers []degrade.Marker
		for i := range 500 {
			markers = append(markers, sourced(degrade.Key("offers", strconv.Itoa(i))+".price"))
		}
		many = degrade.NewReport(markers...)
		// What is sent as %XX takes three times the room.
		for letter, takes := range map[string]int{"a": 1, "%": 3, "é": 6} {
			for n := 0; n < 7<<10; n += 700 {
				text = strings.Repeat(letter, n/takes)
				var r degrade.Report
				_, err := client.GetPlain(t.Context(), nil, degrade.Capture(&r))
				if status.Code(err) != codes.Aborted || status.Convert(err).Message() != text {
					t.Fatalf("%d bytes of %q: %v", len(text), letter, err)
				}
				if r.Known() && told(r) != 500 || len(text) < 1500 && !r.Known() {
					t.Errorf("%d bytes of %q: %d fields, known %v", len(text), letter, told(r), r.Known())
				}
			}
		}
	})
}

// The retries of gRPC's own service config work below these interceptors: a
// failed attempt has no headers of ours, which would commit the call to it.
func TestServiceConfigRetries(t *testing.T) {
	t.Parallel()
	const retries = `{"methodConfig": [{"name": [{}], "retryPolicy": {
		"maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]
	}}]}`
	synctest.Test(t, func(t *testing.T) {
		attempts, failures := 0, 2
		answer := func(ctx context.Context) error {
			attempts++
			mark(ctx, t, "name", degrade.Missing)
			if attempts <= failures {
				return degrade.NewReport(missing("name")).Err()
			}
			return nil
		}
		listener := serve(t, &tier{
			profile: func(ctx context.Context) (*testv1.GetProfileResponse, error) {
				return &testv1.GetProfileResponse{}, answer(ctx)
			},
			watch: func(w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error { return answer(w.Context()) },
		}, markingServer()...)
		client := dial(t, listener, append(readingClient(), grpc.WithDefaultServiceConfig(retries))...)
		var r degrade.Report
		if _, err := client.GetProfile(t.Context(), nil, degrade.Capture(&r)); err != nil || attempts != 3 || r.State("name") != degrade.Missing {
			t.Errorf("unary: %d attempts, name %v, %v; want 3", attempts, r.State("name"), err)
		}
		attempts = 0
		s, err := client.WatchProfiles(t.Context(), nil)
		if err == nil {
			_, err = s.Recv()
		}
		if status.Code(err) == codes.Unavailable || attempts != 3 {
			t.Errorf("stream: %d attempts, %v; want 3", attempts, err)
		}
		// For comparison: headers on a failed attempt, and there is no retry.
		attempts, failures = 0, 9
		counted := func(ctx context.Context) (*testv1.GetProfileResponse, error) {
			return nil, errorsOf(grpc.SendHeader(ctx, metadata.Pairs("own", "1")), answer(ctx))
		}
		committed := dial(t, serve(t, &tier{profile: counted}, markingServer()...),
			append(readingClient(), grpc.WithDefaultServiceConfig(retries))...)
		if _, err := committed.GetProfile(t.Context(), nil); status.Code(err) != codes.Unavailable || attempts != 1 {
			t.Errorf("with headers: %d attempts, %v; want 1", attempts, err)
		}
	})
}

// errorsOf is the first error that there is.
func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
