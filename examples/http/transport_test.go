package http_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	guarded "github.com/afloat-go/afloat/examples/http"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// guard is what a client has, to be looked at.
type guard struct {
	client  *http.Client
	circuit *breaker.Breaker
	places  *bulkhead.Bulkhead
}

// guardOf makes a client of two places at a time, whose calls end after a while.
func guardOf(t *testing.T, cfg breaker.Config, most time.Duration) guard {
	t.Helper()
	circuit, err := breaker.New(cfg)
	places, failed := bulkhead.New(bulkhead.Config{MaxConcurrent: 2})
	bound, wrong := timeout.New(timeout.Config{Max: most})
	chain, bad := policy.NewChain([]policy.Policy{circuit, places, bound})
	if err := errors.Join(err, failed, wrong, bad); err != nil {
		t.Fatal(err)
	}
	return guard{&http.Client{Transport: guarded.New(chain, nil)}, circuit, places}
}

// serve answers with what handler does, until the test ends.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// get reads a page.
func (g guard) get(t *testing.T, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func TestAnswersOpenNoCircuit(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/lamp" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "7 lamps")
	})
	g := guardOf(t, breaker.Config{ConsecutiveFailures: 3}, time.Minute)
	for range 12 {
		if _, err := g.get(t, url+"/chair"); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := g.get(t, url+"/lamp"); text != "7 lamps" || err != nil {
		t.Errorf("%q, %v; want what the server says", text, err)
	}
}

func TestFailuresOpenTheCircuit(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		asked := 0
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Retry-After", "7200")
			w.WriteHeader(code)
		})
		g := guardOf(t, breaker.Config{ConsecutiveFailures: 3}, time.Minute)
		for range 3 {
			if _, err := g.get(t, url); err != nil {
				t.Errorf("%d: %v; want the response as it is", code, err)
			}
		}
		_, err := g.get(t, url)
		rejection, ok := errors.AsType[*policy.Rejection](err)
		if !errors.Is(err, breaker.ErrOpen) || !ok || asked != 3 {
			t.Errorf("%d: %v, asked %d times; want a refusal after 3", code, err, asked)
		}
		if wait := time.Until(rejection.Retry); wait < 30*time.Second {
			t.Errorf("%d: asked again after %v; want it to heed the server", code, wait)
		}
	}
}

// A body that hangs is bounded like everything else, and the error says by what.
func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "7 la")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	g := guardOf(t, breaker.Config{ConsecutiveFailures: 1}, 50*time.Millisecond)
	if text, err := g.get(t, url); text != "7 la" || policy.Code(err) != codes.DeadlineExceeded || policy.ReasonOf(err) != policy.ReasonTimeout {
		t.Errorf("%q, %v; want the timeout's error", text, err)
	}
	if _, err := g.get(t, url); !errors.Is(err, breaker.ErrOpen) {
		t.Errorf("%v; want a refusal", err)
	}
}

// A call has its place until its body has been read or closed.
func TestBodiesHaveTheirPlace(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 1<<20)) })
	g := guardOf(t, breaker.Config{}, time.Minute)
	var open []io.Closer
	for range 2 {
		resp, err := g.client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, resp.Body)
	}
	if _, err := g.get(t, url); !errors.Is(err, bulkhead.ErrFull) {
		t.Errorf("%v; want a refusal", err)
	}
	for _, b := range open {
		_ = b.Close()
		_ = b.Close() // twice counts once
	}
	for range 3 {
		if text, err := g.get(t, url); len(text) != 1<<20 || err != nil {
			t.Errorf("%d bytes, %v; want all", len(text), err)
		}
	}
	if n := g.places.Snapshot().InFlight; n != 0 {
		t.Errorf("%d places are taken; want none", n)
	}
}
