package degrade_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/degrade"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

// listener notes which responses it hears of, and panics if it is told to.
type listener struct {
	panics bool

	mu    sync.Mutex
	heard []string
}

func (l *listener) Answered(_ context.Context, r degrade.Response) {
	l.mu.Lock()
	l.heard = append(l.heard, fmt.Sprintf("%s %v %s", r.Method, r.Unregistered, r.Report.Summary()))
	l.mu.Unlock()
	if l.panics {
		panic("oops")
	}
}

func (l *listener) want(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.heard, want) {
		t.Errorf("heard\n%q; want\n%q", l.heard, want)
	}
}

func TestObserverHearsOfEveryResponse(t *testing.T) {
	t.Parallel()
	for name, panics := range map[string]bool{"calm": false, "panicking": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listener{panics: panics}
				answer := error(nil)
				s := &tier{
					account: func(ctx context.Context) (*testv1.GetAccountResponse, error) {
						mark(ctx, t, "name", degrade.Stale)
						return &testv1.GetAccountResponse{}, answer
					},
					plain: func(context.Context) (*testv1.GetPlainResponse, error) { return &testv1.GetPlainResponse{}, nil },
					watch: func(w grpc.ServerStreamingServer[testv1.WatchProfilesResponse]) error {
						mark(w.Context(), t, "name", degrade.Stale)
						return nil
					},
				}
				// What is told is the whole report, though nothing may leave.
				c := dial(t, serve(t, s, markingServer(degrade.WithObserver(l), degrade.WithSilence())...))
				_, _ = c.GetAccount(t.Context(), &testv1.GetAccountRequest{})
				_, _ = c.GetPlain(t.Context(), &testv1.GetPlainRequest{})
				stream, err := c.WatchProfiles(t.Context(), &testv1.WatchProfilesRequest{})
				if err == nil {
					_, err = stream.Recv()
				}
				if err == nil {
					t.Error("the stream does not end")
				}
				answer = status.Error(codes.NotFound, "none")
				_, _ = c.GetAccount(t.Context(), &testv1.GetAccountRequest{}) // answered with an error: nothing to hear
				l.want(t,
					testv1.TierService_GetAccount_FullMethodName+" false 1; stale=1",
					testv1.TierService_GetPlain_FullMethodName+" false 0",
					testv1.TierService_WatchProfiles_FullMethodName+" false 1; stale=1",
				)
			})
		})
	}
}

// The methods that a server makes up an answer for have names from anywhere.
func TestObserverIsToldOfUnregisteredMethods(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &listener{}
		whatever := grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return nil })
		cc := connect(t, serve(t, &tier{}, append(markingServer(degrade.WithObserver(l)), whatever)...))
		stream, err := cc.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/made.Up/Method")
		if err != nil {
			t.Fatal(err)
		}
		_ = stream.RecvMsg(&testv1.GetPlainResponse{})
		l.want(t, "/made.Up/Method true 0")
	})
}
