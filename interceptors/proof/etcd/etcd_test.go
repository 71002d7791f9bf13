package etcd_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

const name = "etcd, three members"

// TestNormalLife has locks that are waited for, an election, watches that nothing happens on
// but for their progress, and leases that are kept alive. What waits, waits for seconds.
func TestNormalLife(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	trial.Compare(t, name, "normal life", func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		client := newCluster(t).dial(t, g)
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() { count(t, f, locks(ctx, client)) })
			all.Go(func() { count(t, f, elects(ctx, client, i)) })
			all.Go(func() { count(t, f, watches(ctx, client)) })
			all.Go(func() { count(t, f, leases(ctx, client)) })
		}
		all.Wait()
	}).Harmless(t)
}

var counting sync.Mutex

// count counts a task.
func count(t *testing.T, f *trial.Finding, err error) {
	t.Helper()
	counting.Lock()
	defer counting.Unlock()
	f.Calls++
	if err != nil {
		f.Lost++
		t.Errorf("%s: %v", f.Kind, err)
	}
}

// locks waits for a lock that others hold, holds it for a while, and gives it back.
func locks(ctx context.Context, client *clientv3.Client) error {
	session, err := concurrency.NewSession(client, concurrency.WithTTL(30))
	if err != nil {
		return err
	}
	defer session.Close()
	m := concurrency.NewMutex(session, "/lock")
	if err := m.Lock(ctx); err != nil {
		return err
	}
	trial.Wait(200 * time.Millisecond)
	return m.Unlock(ctx)
}

// elects waits until it leads, and resigns.
func elects(ctx context.Context, client *clientv3.Client, i int) error {
	session, err := concurrency.NewSession(client, concurrency.WithTTL(30))
	if err != nil {
		return err
	}
	defer session.Close()
	e := concurrency.NewElection(session, "/election")
	if err := e.Campaign(ctx, strconv.Itoa(i)); err != nil {
		return err
	}
	trial.Wait(100 * time.Millisecond)
	return e.Resign(ctx)
}

// watches waits for three signs of progress on a key that nothing happens to.
func watches(ctx context.Context, client *clientv3.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	progress := 0
	for response := range client.Watch(ctx, "/quiet", clientv3.WithProgressNotify()) {
		if err := response.Err(); err != nil {
			return err
		}
		if progress++; progress == 3 {
			return nil
		}
	}
	return ctx.Err()
}

// leases keeps a lease alive for three times.
func leases(ctx context.Context, client *clientv3.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	granted, err := client.Grant(ctx, 3)
	if err != nil {
		return err
	}
	alive, err := client.KeepAlive(ctx, granted.ID)
	if err != nil {
		return err
	}
	for range 3 {
		if _, ok := <-alive; !ok {
			return fmt.Errorf("the lease was lost: %w", ctx.Err())
		}
	}
	_, err = client.Revoke(ctx, granted.ID)
	return err
}

// writers is how many write at once.
const writers = 20

// write writes until the context ends, and counts. A write has two seconds.
func write(ctx context.Context, client *clientv3.Client, f *trial.Finding, key string, done func(err error)) {
	for ctx.Err() == nil {
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := client.Put(short, key, "value")
		cancel()
		if ctx.Err() != nil {
			return
		}
		counting.Lock()
		f.Calls++
		if err != nil {
			f.Lost++
		}
		counting.Unlock()
		done(err)
		trial.Wait(20 * time.Millisecond)
	}
}

// TestLeaderGoes stops the leader under twenty writers, and starts it again.
func TestLeaderGoes(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	p := trial.Compare(t, name, "the leader goes for "+trial.Break().String(), func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		event(t, g, f, func(c *cluster) {
			leader := c.leader(t)
			c.stop(leader)
			trial.Wait(trial.Break())
			c.start(t, leader)
			c.ready(t)
		})
	})
	p.Recovered(t)
}

// TestBreak stops two of three, without which nobody can write.
func TestBreak(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	p := trial.Compare(t, name, "no majority for "+trial.Break().String(), func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		event(t, g, f, func(c *cluster) {
			c.stop(0)
			c.stop(1)
			trial.Wait(trial.Break())
			c.start(t, 0)
			c.start(t, 1)
			c.ready(t)
		})
	})
	p.Recovered(t)
}

func TestRollingRestart(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	p := trial.Compare(t, name, "rolling restart", func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		event(t, g, f, func(c *cluster) {
			for i := range c.running {
				c.stop(i)
				c.start(t, i)
				c.ready(t)
				trial.Wait(2 * time.Second)
			}
		})
	})
	p.Recovered(t)
	if len(p.Guarded.Opened) > 0 {
		t.Errorf("circuits opened: %q; want none", p.Guarded.Opened)
	}
}

// event has writers write before, during and after an event, until each has written thrice in
// a row after it.
func event(t *testing.T, g *trial.Guard, f *trial.Finding, happen func(*cluster)) {
	t.Helper()
	c := newCluster(t)
	client := c.dial(t, g)
	defer client.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	over := make(chan struct{})
	var all, recovered sync.WaitGroup
	for i := range writers {
		good := 0
		var once sync.Once
		recovered.Add(1)
		all.Go(func() {
			write(ctx, client, f, fmt.Sprint("/w", i), func(err error) {
				select {
				case <-over:
				default:
					return
				}
				good++
				if err != nil {
					good = 0
				}
				if good == 3 {
					once.Do(recovered.Done)
				}
			})
		})
	}
	trial.Wait(2 * time.Second)
	happen(c)
	ended := time.Now()
	close(over)
	recovered.Wait()
	f.Again = time.Since(ended)
	cancel()
	all.Wait()
}
