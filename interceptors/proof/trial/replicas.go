package trial

import (
	"context"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// Replicas are servers of one service, each at an address of its own, which it keeps when it
// goes and comes back. What the service has in memory outlives them.
type Replicas struct {
	register  func(*grpc.Server)
	addresses []string
	running   []running
}

// running is a server that runs, and what it listens on: a server that is stopped before it
// serves does not close that. Neither is there where none runs.
type running struct {
	*grpc.Server
	net.Listener
}

// gone closes what a server that has stopped listens on.
func (r *running) gone() {
	_ = r.Close() // mostly it has
	*r = running{}
}

// NewReplicas starts n servers of a service. They are stopped when the test ends.
func NewReplicas(t *testing.T, n int, register func(*grpc.Server)) *Replicas {
	t.Helper()
	r := &Replicas{register: register, running: make([]running, n)}
	for range n {
		r.addresses = append(r.addresses, FreeAddress(t))
	}
	r.Start(t)
	t.Cleanup(r.Stop)
	return r
}

// Start starts those that do not run.
func (r *Replicas) Start(t *testing.T) {
	t.Helper()
	for i, address := range r.addresses {
		if r.running[i].Server != nil {
			continue
		}
		lis, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(t.Context()), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		server := grpc.NewServer()
		r.register(server)
		r.running[i] = running{server, lis}
		go func() { _ = server.Serve(lis) }()
	}
}

// Stop stops all of them as a machine that is gone does: without a word.
func (r *Replicas) Stop() {
	for i := range r.running {
		if s := &r.running[i]; s.Server != nil {
			s.Stop()
			s.gone()
		}
	}
}

// Restart restarts one after the other, as a deployment does: each says that it goes, has a
// second for what it has begun, and is back before the next one goes.
func (r *Replicas) Restart(t *testing.T) {
	t.Helper()
	for i := range r.running {
		s := &r.running[i]
		force := time.AfterFunc(time.Second, s.Stop)
		s.GracefulStop()
		force.Stop()
		s.gone()
		r.Start(t)
		Wait(time.Second) // for readiness to be seen
	}
}

// Dial returns a connection that has calls take turns on the replicas.
func (r *Replicas) Dial(t *testing.T, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	found := manual.NewBuilderWithScheme("replicas")
	var state resolver.State
	for _, address := range r.addresses {
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: address}}})
	}
	found.InitialState(state)
	conn, err := grpc.NewClient("replicas:///service", append(opts, grpc.WithResolvers(found),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// given are the ports that FreeAddress has returned in this process.
var given sync.Map //nolint:gochecknoglobals // ports are the machine's

// FreeAddress returns an address of this machine that nobody listens on, another one each
// time. Its port is none of those that the system gives to connections, which could take it
// before it is used.
func FreeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := 10_000 + rand.IntN(20_000) //nolint:gosec // any will do
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		address := "127.0.0.1:" + strconv.Itoa(port)
		lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err == nil {
			_ = lis.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// Wait waits for a time in which nothing is expected to happen.
func Wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}
