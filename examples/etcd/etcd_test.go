package etcd_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
)

const (
	put   = "/etcdserverpb.KV/Put"
	get   = "/etcdserverpb.KV/Range"
	watch = "/etcdserverpb.Watch/Watch"
	lease = "/etcdserverpb.Lease/LeaseKeepAlive"
)

// A guarded etcd client lives through a restart of its server: the circuit of
// the method that is called opens, the others stay closed, and in the end
// everything works again and nothing of ours is left.
func TestEtcdClientLivesThroughARestart(t *testing.T) { //nolint:paralleltest // it looks at all goroutines
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	etcd, g := newServer(t), newGuard(t)
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{etcd.client.Host}, Context: ctx, Logger: zap.NewNop(),
		DialTimeout: 5 * time.Second, DialOptions: interceptors.DialOptions(g.rules),
		BackoffWaitBetween: 10 * time.Millisecond, MaxUnaryRetries: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			_ = client.Close()
		}
	}()

	events := client.Watch(ctx, "key")
	alive := keepAlive(ctx, t, client)
	mustPut(ctx, t, client, "before")
	wantEvent(t, events, "before")
	wantAlive(t, alive)
	if _, err := client.Get(ctx, "key"); err != nil {
		t.Fatal(err)
	}

	etcd.stop()
	for g.breaker(put).State() == breaker.Closed {
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		if _, err := client.Put(short, "key", "during"); err == nil {
			t.Fatal("a stopped server took a value")
		}
		cancel()
	}
	if s := g.breaker(get).State(); s != breaker.Closed {
		t.Errorf("the circuit of %s is %v; want closed: nobody called it", get, s)
	}

	etcd.start(t)
	recovered := make(chan struct{})
	go func() {
		defer close(recovered)
		g.await(t, put, "closed")
	}()
	putUntil(ctx, client, g, recovered)
	mustPut(ctx, t, client, "after")
	wantEvent(t, events, "after")
	drain(alive)
	wantAlive(t, alive)
	for _, method := range []string{watch, lease} {
		if g.breaker(method) == nil {
			t.Errorf("the stream %s was not guarded", method)
		}
	}

	closed = true
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	wantNothingLeft(t, g)
}

// putUntil puts values, one when the circuit may let it through, until done.
func putUntil(ctx context.Context, client *clientv3.Client, g *guard, done <-chan struct{}) {
	for {
		pause := time.NewTimer(max(10*time.Millisecond, time.Until(g.breaker(put).Snapshot().RetryAt)))
		select {
		case <-done:
			pause.Stop()
			return
		case <-pause.C:
		}
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, _ = client.Put(short, "key", "meanwhile") // whether it got through is told by the circuit
		cancel()
	}
}

func mustPut(ctx context.Context, t *testing.T, client *clientv3.Client, value string) {
	t.Helper()
	if _, err := client.Put(ctx, "key", value); err != nil {
		t.Fatalf("put %q: %v", value, err)
	}
}

// wantEvent reads events up to that of a value.
func wantEvent(t *testing.T, events clientv3.WatchChan, value string) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		select {
		case response, ok := <-events:
			if !ok {
				t.Fatalf("the watch ended before %q", value)
			}
			for _, e := range response.Events {
				if string(e.Kv.Value) == value {
					return
				}
			}
		case <-limit.C:
			t.Fatalf("no event for %q within 30s", value)
		}
	}
}

func keepAlive(ctx context.Context, t *testing.T, client *clientv3.Client) <-chan *clientv3.LeaseKeepAliveResponse {
	t.Helper()
	granted, err := client.Grant(ctx, 20)
	if err != nil {
		t.Fatal(err)
	}
	alive, err := client.KeepAlive(ctx, granted.ID)
	if err != nil {
		t.Fatal(err)
	}
	return alive
}

// wantAlive reads one sign of life of the lease.
func wantAlive(t *testing.T, alive <-chan *clientv3.LeaseKeepAliveResponse) {
	t.Helper()
	limit := time.NewTimer(60 * time.Second)
	defer limit.Stop()
	select {
	case response, ok := <-alive:
		if !ok || response == nil {
			t.Fatal("the lease was lost")
		}
	case <-limit.C:
		t.Fatal("no sign of life of the lease within 60s")
	}
}

// drain forgets the signs of life of before.
func drain(alive <-chan *clientv3.LeaseKeepAliveResponse) {
	for {
		select {
		case _, ok := <-alive:
			if !ok {
				return
			}
		default:
			return
		}
	}
}

// wantNothingLeft fails if a place is still taken or a goroutine runs that was
// made by the guard.
func wantNothingLeft(t *testing.T, g *guard) {
	t.Helper()
	limit := time.Now().Add(10 * time.Second)
	for {
		left := ours()
		if g.inFlight() == 0 && len(left) == 0 {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("%d places are taken and %d goroutines run:\n%s", g.inFlight(), len(left), strings.Join(left, "\n\n"))
		}
		runtime.Gosched() // streams settle on their own goroutines
	}
}

// ours returns the stacks of goroutines that run code of the toolkit.
func ours() []string {
	dump := make([]byte, 1<<20)
	dump = dump[:runtime.Stack(dump, true)]
	var left []string
	for stack := range strings.SplitSeq(string(dump), "\n\n") {
		if strings.Contains(stack, "afloat/interceptors") {
			left = append(left, stack)
		}
	}
	return left
}
