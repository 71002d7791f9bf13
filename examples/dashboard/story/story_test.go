package story

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/afloat-go/afloat/examples/dashboard/store"
)

// inMemory is a network without sockets, for virtual time.
type inMemory struct{}

func (inMemory) Listen(context.Context) (net.Listener, error) { return bufconn.Listen(1 << 16), nil }

func (inMemory) Connect(lis net.Listener, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	pipe, ok := lis.(*bufconn.Listener)
	if !ok {
		return nil, fmt.Errorf("listener = %T; must be in memory", lis)
	}
	return grpc.NewClient("passthrough:///in-memory", append(opts,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) }),
	)...)
}

func openStore(t *testing.T) *store.Store {
	t.Helper()
	db, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// tellInMemory tells the beginning of the story in virtual time: half a second
// in health, a sick phase, and the given number of phases more. It returns what
// it printed.
func tellInMemory(t *testing.T, db *store.Store, cfg Config, more int) (string, error) {
	t.Helper()
	s, err := start(t.Context(), inMemory{}, db, cfg.Guarded)
	if err != nil {
		t.Fatal(err)
	}
	healthy := &Figures{}
	phases := script(cfg, healthy)[:2+more]
	phases[0].lasts = 500 * time.Millisecond
	for i := range phases[2:] {
		phases[2+i].lasts = 2300 * time.Millisecond // long enough for the last second to be whole
	}
	var out strings.Builder
	teller := &teller{out: &out, play: func(ctx context.Context, p phase) (Figures, error) {
		return s.play(ctx, p, cfg.Rate)
	}}
	err = teller.tell(t.Context(), cfg, phases, healthy)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	return out.String(), err
}

func TestStoryWithTheGuard(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	synctest.Test(t, func(t *testing.T) {
		out, err := tellInMemory(t, db, Config{Rate: MinRate, Phase: MinPhase, Guarded: true}, 1)
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// Without the guard the story must fail, at the phase in which a backend is
// sick and at no other.
func TestStoryWithoutTheGuard(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	synctest.Test(t, func(t *testing.T) {
		out, err := tellInMemory(t, db, Config{Rate: MinRate, Phase: time.Second / 2, Guarded: false}, 0)
		if !errors.Is(err, ErrUnmet) {
			t.Fatalf("error = %v; want ErrUnmet\n%s", err, out)
		}
		for _, want := range []string{"calls that reached recommendations = 20 of 20", "p50 = 715.0 ms"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error does not say %q:\n%v", want, err)
			}
		}
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, "not met: recommendations hangs: ") {
				t.Errorf("unexpected: %s", line)
			}
		}
	})
}

func TestStoryEndsWithItsContext(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err := Run(ctx, inMemory{}, db, config(), &strings.Builder{})
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnmet) {
			t.Errorf("error = %v; want DeadlineExceeded", err)
		}
	})
}
