package config_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// The file changes a thousand times under load, a quarter of the changes is bad. No
// call fails because of it, and all places are given back. (The package interceptors
// has the same for rules of code, with a closer look at every place.)
func TestFileChangesUnderLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := file(t, changing(3, 3))
		s := newSet(t, config.WithFile(path), config.WithoutBuiltIn())
		guard := interceptors.UnaryClientInterceptor(s.Rules())
		invoke := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error {
			time.Sleep(time.Duration(1+rand.IntN(5)) * time.Millisecond)
			return nil
		}
		var load sync.WaitGroup
		stop := make(chan struct{})
		end := sync.OnceFunc(func() {
			close(stop)
			load.Wait()
		})
		defer end() // a test that fails would never end under load
		for i := range 20 {
			load.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					method := []string{charge, refund, "/shop.Catalog/Get"}[i%3]
					if err := guard(t.Context(), method, nil, nil, nil, invoke); err != nil {
						t.Errorf("%s: %v; want every call to be admitted", method, err)
						return
					}
				}
			})
		}
		refused := uint64(0)
		for range 1000 {
			text := changing(1+rand.IntN(10), 1+rand.IntN(10))
			bad := rand.IntN(4) == 0
			if bad {
				text += "  - match: oops\n"
				refused++
			}
			write(t, path, text)
			if err := s.Reload(); (err != nil) != bad {
				t.Fatalf("Reload = %v; the file is bad: %v", err, bad)
			}
			time.Sleep(time.Millisecond)
		}
		end()
		snap := s.Snapshot()
		if snap.Applied != 1000-refused || snap.Refused != refused {
			t.Errorf("%d applied, %d refused; want %d, %d", snap.Applied, snap.Refused, 1000-refused, refused)
		}
		for _, p := range snap.Policies {
			if b, ok := p.Status.(bulkhead.Snapshot); ok && b.InFlight+b.Waiting != 0 {
				t.Errorf("%s: %+v in the end; want nobody in it", p.Name, b)
			}
		}
	})
}

// changing is a file with so many places, some rules of which come and go.
func changing(payments, catalog int) string {
	text := fmt.Sprintf(`
compartments:
  payments: {bulkhead: {max_concurrent: %d, max_queue: 1000, max_wait: 1h}}
rules:
  - match: /shop.Payments/*
    bulkhead: {compartment: payments}
  - match: /shop.*
    breaker: {}
    bulkhead: {max_concurrent: %d, max_queue: 1000, max_wait: 1h}
`, payments, catalog)
	if payments%2 == 0 {
		text += "  - {match: /shop.Payments/Charge, timeout: {max: 30m}, bulkhead: {compartment: payments}}\n"
	}
	if catalog%2 == 0 {
		text += "  - {match: /shop.*, shadow: true, breaker: {}, bulkhead: {max_concurrent: 1}}\n"
	}
	return text
}
