package live

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"
)

// served runs serve with streams of large states, and returns a connection on which a
// request was sent, and what ends the program and waits for that. It must run inside a
// bubble.
func served(t *testing.T, room chan struct{}, request string) (net.Conn, func()) {
	t.Helper()
	lis := bufconn.Listen(1 << 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	state := State{Page: Page{User: strings.Repeat("x", 1<<12)}}
	mux := http.NewServeMux()
	mux.Handle("/events", &stream{look: func() State { return state }, room: room})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(farewell / 2)
		_, _ = io.WriteString(w, "at last")
	})
	mux.HandleFunc("/read", func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(w, err)
	})
	go func() { ended <- serve(ctx, lis, mux) }()
	conn, err := lis.DialContext(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return conn, func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

const watching = "GET /events HTTP/1.1\r\nHost: here\r\n\r\n"

// A client that does not read gives up its place, and who reads keeps it.
func TestPlaceOfWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	for _, reads := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			room := make(chan struct{}, 1)
			conn, end := served(t, room, watching)
			if reads {
				go func() { _, _ = io.Copy(io.Discard, conn) }()
			}
			time.Sleep(sendWithin + requestWithin + time.Second)
			if kept := len(room) == 1; kept != reads {
				t.Errorf("reads: %v, has its place after a while: %v", reads, kept)
			}
			end()
		})
	}
}

// A client that does not read holds up the end of the program for no longer than others.
func TestEndWithWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		room := make(chan struct{}, 1)
		_, end := served(t, room, watching)
		begin := time.Now()
		end()
		synctest.Wait()
		if took := time.Since(begin); took > farewell || len(room) > 0 {
			t.Errorf("the end took %v, and %d streams are left", took, len(room))
		}
	})
}

// What is being answered when the program ends is answered.
func TestEndWaitsForAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn, end := served(t, nil, "GET /slow HTTP/1.1\r\nHost: here\r\n\r\n")
		end()
		if got := answer(t, conn); got != "at last" {
			t.Errorf("answer = %q", got)
		}
	})
}

// A request that does not come to an end is given up.
func TestRequestThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn, end := served(t, nil, "POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nabc")
		begin := time.Now()
		if got := answer(t, conn); !strings.Contains(got, "timeout") || time.Since(begin) != requestWithin {
			t.Errorf("answer = %q after %v", got, time.Since(begin))
		}
		end()
	})
}

// answer reads the answer to the request.
func answer(t *testing.T, conn net.Conn) string {
	t.Helper()
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
