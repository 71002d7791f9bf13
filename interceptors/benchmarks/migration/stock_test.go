package migration

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afex/hystrix-go/hystrix"
	"github.com/sony/gobreaker/v2"

	"github.com/afloat-go/afloat/interceptors/breaker"
)

// readers read the number of a thing in stock behind gobreaker, as it is by
// default, and behind afloat as it stands in for that.
func readers(t *testing.T, query func(ctx context.Context, sku string) (int, error)) [2]func(context.Context, string) (int, error) {
	t.Helper()
	cfg := breaker.Consecutive(6, time.Minute)
	cfg.SuccessesToClose = 1
	circuit, err := breaker.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	theirs := &gobreakerStock{gobreaker.NewCircuitBreaker[int](gobreaker.Settings{}), query}
	ours := &stock{circuit, query}
	return [2]func(context.Context, string) (int, error){theirs.read, ours.read}
}

// refusals are those of readers.
func refusals() [2]error { return [2]error{gobreaker.ErrOpenState, breaker.ErrOpen} }

func TestStocksOfGobreakerAndAfloatAlike(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		result := errDown
		for i, read := range readers(t, func(_ context.Context, sku string) (int, error) { return len(sku), result }) {
			result = errDown
			for range 6 {
				_, err := read(t.Context(), "sku-7")
				check(t, err, errDown)
			}
			_, err := read(t.Context(), "sku-7")
			check(t, err, refusals()[i])
			result = nil
			time.Sleep(time.Minute*6/5 + 1) // afloat varies the minute by a fifth
			if n, err := read(t.Context(), "sku-7"); n != 5 || err != nil {
				t.Errorf("%d, %v; want 5", n, err)
			}
			result = errDown // one failure would open it again if it had not closed
			for range 2 {
				_, err := read(t.Context(), "sku-7")
				check(t, err, errDown)
			}
		}
	})
}

// By default gobreaker counts calls that their callers gave up.
func TestCancelledCallsOpenGobreaker(t *testing.T) {
	t.Parallel()
	all := readers(t, func(context.Context, string) (int, error) { return 0, context.Canceled })
	for i, want := range []error{gobreaker.ErrOpenState, context.Canceled} {
		for range 6 {
			_, err := all[i](t.Context(), "sku-7")
			check(t, err, context.Canceled)
		}
		_, err := all[i](t.Context(), "sku-7")
		check(t, err, want)
	}
}

// side reads with a fallback, behind hystrix-go or behind afloat.
type side struct {
	name string
	read func(t *testing.T, query func(context.Context, string) (string, error)) call
}

func sides() [2]side {
	return [2]side{{"hystrix-go", hystrixStock}, {"afloat", func(t *testing.T, query func(context.Context, string) (string, error)) call {
		t.Helper()
		chain, err := stockWithFallback(query)
		if err != nil {
			t.Fatal(err)
		}
		return func(ctx context.Context) (string, error) {
			answer, err := chain.Do(ctx, "sku-7")
			return answer.Value, err
		}
	}}}
}

func hystrixStock(_ *testing.T, query func(context.Context, string) (string, error)) call {
	return counted(func(ctx context.Context) (string, error) {
		answers := make(chan string, 2)
		err := hystrix.DoC(ctx, "get_profile", func(ctx context.Context) error {
			n, err := query(ctx, "sku-7")
			if err == nil {
				answers <- n
			}
			return err
		}, func(context.Context, error) error {
			answers <- "unknown"
			return nil
		})
		if err != nil {
			return "", err
		}
		return <-answers, nil
	})
}

func TestStocksOfHystrixAndAfloatAlike(t *testing.T) { //nolint:paralleltest // hystrix-go's circuits are those of the process
	for _, s := range sides() {
		prepareHystrix()
		synctest.Test(t, func(t *testing.T) {
			var queries int
			result := errDown
			read := s.read(t, func(context.Context, string) (string, error) {
				queries++
				return "5", result
			})
			reads := func(want string) {
				t.Helper()
				if got, err := read(t.Context()); err != nil || got != want {
					t.Errorf("%s: %q, %v; want %s", s.name, got, err, want)
				}
			}
			for range 30 {
				reads("unknown")
			}
			if queries < 20 || queries > 21 {
				t.Errorf("%s: %d queries; want 20, or one more", s.name, queries)
			}
			result = nil
			time.Sleep(longest)
			reads("5")
			reads("5")
		})
	}
}

// A function that ignores its context is left behind after a second by both. Its
// place is free then for hystrix-go, for afloat when it ends.
func TestPlacesOfFunctionsLeftBehind(t *testing.T) { //nolint:paralleltest // hystrix-go's circuits are those of the process
	for i, want := range []int32{15, 10} {
		s := sides()[i]
		prepareHystrix()
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			var started atomic.Int32
			read := s.read(t, func(context.Context, string) (string, error) {
				started.Add(1)
				<-release
				return "", errors.New("too late")
			})
			for range 15 { // fewer than a circuit opens at
				begin := time.Now()
				got, err := read(t.Context())
				if took := time.Since(begin); err != nil || got != "unknown" || took > time.Second {
					t.Errorf("%s: %q, %v after %v; want unknown within a second", s.name, got, err, took)
				}
			}
			if n := started.Load(); n != want {
				t.Errorf("%s: %d functions run; want %d", s.name, n, want)
			}
			close(release)
			synctest.Wait()
		})
	}
}
