package ready_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/afloat-go/afloat/interceptors/proof/ready"
	"github.com/afloat-go/afloat/interceptors/proof/trial"
	"github.com/afloat-go/afloat/interceptors/rules"
)

const wait = "/tasks.Tasks/Wait"

// calls makes n calls at once, without a deadline, that are answered after a time, and returns
// how many got which code. It is to be called in a bubble.
func calls(t *testing.T, g *trial.Guard, n int, after time.Duration) map[codes.Code]int {
	t.Helper()
	lis := bufconn.Listen(1 << 20)
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
		if err := s.RecvMsg(&emptypb.Empty{}); err != nil {
			return err
		}
		timer := time.NewTimer(after)
		defer timer.Stop()
		select {
		case <-timer.C:
			return s.SendMsg(&emptypb.Empty{})
		case <-s.Context().Done():
			return status.FromContextError(s.Context().Err()).Err()
		}
	}))
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(lis)
	}()
	conn, err := grpc.NewClient("passthrough:///tasks", append(g.DialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = conn.Close()
		server.Stop()
		<-served
	}()
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[codes.Code]int{}
	for range n {
		all.Go(func() {
			err := conn.Invoke(context.Background(), wait, &emptypb.Empty{}, &emptypb.Empty{})
			mu.Lock()
			defer mu.Unlock()
			got[status.Code(err)]++
		})
	}
	all.Wait()
	return got
}

func TestWaits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		list  []rules.Rule
		after time.Duration
		want  codes.Code
	}{
		{"the built-in rule cuts what waits for longer than 30 s", nil, 35 * time.Second, codes.DeadlineExceeded},
		{"Waits lets it wait", []rules.Rule{ready.Waits(wait)}, 35 * time.Second, codes.OK},
		{"for an hour", []rules.Rule{ready.Waits(wait)}, time.Hour, codes.OK},
		{"LongPolls lets it wait for as long as the server does", []rules.Rule{ready.LongPolls(wait, time.Minute)}, time.Minute, codes.OK},
		{"and no longer", []rules.Rule{ready.LongPolls(wait, time.Minute)}, 2 * time.Minute, codes.DeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g, err := trial.NewRules(tt.list)
				if err != nil {
					t.Fatal(err)
				}
				for range 3 { // a quiet method stays one
					if got := calls(t, g, 40, tt.after); got[tt.want] != 40 {
						t.Errorf("40 calls ended as %v; want all %v", got, tt.want)
					}
				}
				if opened := g.Opened(); len(opened) > 0 {
					t.Errorf("circuits opened: %q; want none", opened)
				}
				trial.NothingHeld(t, g)
			})
		})
	}
}
