//go:build unix

package interceptors_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
)

// What a child of these tests is, and the address of the server that a client calls.
const (
	stoppedClient = "AFLOAT_TEST_CLIENT_OF"
	stoppedServer = "AFLOAT_TEST_SERVER"
)

// inFlight is how many calls a process has in flight when it is stopped.
const inFlight = 20

// child is another process that runs the same test, line by line.
type child struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

// start starts the running test in another process.
func start(t *testing.T, env string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), env)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be stopped
		_ = cmd.Wait()
	})
	return &child{cmd, in, bufio.NewScanner(out)}
}

// says returns the next line of the child.
func (c *child) says(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("the child has ended: %v", c.out.Err())
	}
	return c.out.Text()
}

// stop stops the child, and returns when it stands still.
func (c *child) stop(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(c.cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the child is %v, not stopped: %v", status, err)
	}
}

// resume lets a child that was stopped go on.
func (c *child) resume(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// serve serves answer at an address of its own, which it returns.
func serve(t *testing.T, answer func(context.Context) error) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rig := rpctest.Rig{Unary: answer}
	server := grpc.NewServer(interceptors.ServerOptions(rpctest.One{})...)
	server.RegisterService(rig.Desc(), rig)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// healthyClient returns a client of a server, with a breaker that knows its calls are healthy.
func healthyClient(t *testing.T, address string) (*grpc.ClientConn, *breaker.Breaker) {
	t.Helper()
	b, err := breaker.New(breaker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	cc, err := grpc.NewClient(address, append(interceptors.DialOptions(rpctest.One{Chain: rpctest.ChainOf(t, b)}),
		grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	for range 100 {
		if err := rpctest.Invoke(t.Context(), cc); err != nil {
			t.Fatal(err)
		}
	}
	return cc, b
}

// callAtOnce makes calls that are in flight at the same time, and returns how many failed.
func callAtOnce(ctx context.Context, cc *grpc.ClientConn, deadline time.Duration) int64 {
	var failed atomic.Int64
	var all sync.WaitGroup
	for range inFlight {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, deadline)
			defer cancel()
			if rpctest.Invoke(ctx, cc) != nil {
				failed.Add(1)
			}
		})
	}
	all.Wait()
	return failed.Load()
}

// A client that was stopped with calls in flight, whose answers came meanwhile, has learned
// nothing of the server from what it finds when it goes on.
func TestClientThatWasStopped(t *testing.T) {
	t.Parallel()
	if address := os.Getenv(stoppedClient); address != "" {
		cc, b := healthyClient(t, address)
		fmt.Println("ready")
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			failed := callAtOnce(t.Context(), cc, 500*time.Millisecond)
			fmt.Printf("%s, %d failed\n", b.State(), failed)
		}
		return
	}
	var holds atomic.Bool
	arrived, release := make(chan struct{}, inFlight), make(chan struct{})
	address := serve(t, func(ctx context.Context) error {
		if !holds.Load() {
			return nil
		}
		arrived <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	})
	client := start(t, stoppedClient+"="+address)
	if got := client.says(t); got != "ready" {
		t.Fatalf("the child says %q", got)
	}
	holds.Store(true)
	for range 3 {
		if _, err := fmt.Fprintln(client.in, "call"); err != nil {
			t.Fatal(err)
		}
		for range inFlight {
			<-arrived
		}
		client.stop(t)
		for range inFlight {
			release <- struct{}{}
		}
		stopped, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		<-stopped.Done()
		cancel()
		client.resume(t)
		if got := client.says(t); !strings.HasPrefix(got, "closed") {
			t.Fatalf("after it was stopped: %s; want it closed", got)
		}
	}
}

// Where the server is stopped, and not the client, the same calls open the circuit.
func TestServerThatWasStopped(t *testing.T) {
	t.Parallel()
	if os.Getenv(stoppedServer) != "" {
		fmt.Println(serve(t, func(context.Context) error { return nil }))
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
		return
	}
	server := start(t, stoppedServer+"=yes")
	cc, b := healthyClient(t, server.says(t))
	server.stop(t)
	if failed := callAtOnce(t.Context(), cc, 500*time.Millisecond); failed == 0 {
		t.Error("no call of a server that is stopped failed")
	}
	if got := b.State(); got == breaker.Closed {
		t.Errorf("the circuit is %s after %d calls that hung", got, inFlight)
	}
}
