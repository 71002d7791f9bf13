package main

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// service counts the calls that it answers.
type service struct {
	testgrpc.UnimplementedTestServiceServer

	calls *atomic.Int64
}

func (s service) EmptyCall(context.Context, *testgrpc.Empty) (*testgrpc.Empty, error) {
	s.calls.Add(1)
	return &testgrpc.Empty{}, nil
}

// serve starts a server that real programs can call.
func serve(t *testing.T) (target string, calls *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	calls = new(atomic.Int64)
	server := grpc.NewServer()
	testgrpc.RegisterTestServiceServer(server, service{calls: calls})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String(), calls
}

func TestSizes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	programs, err := buildAll(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]program{}
	for _, p := range programs {
		by[p.name] = p
		if p.stripped >= p.whole {
			t.Errorf("%s: %d bytes stripped of %d", p.name, p.stripped, p.whole)
		}
	}
	testModules(t, by["plain"], by["guarded"])
	testCalls(ctx, t, programs)
	testOrder(t, by)
	testTable(t, programs)
	// Who does not ask for OpenTelemetry has none.
	for name, want := range map[string]bool{"guarded": false, "observed": true} {
		if got := slices.ContainsFunc(by[name].modules, isOTel); got != want {
			t.Errorf("%s: OpenTelemetry = %v among %q", name, got, by[name].modules)
		}
	}
}

// testModules requires that a guarded client has few modules besides gRPC's: afloat's own,
// and the one of the store of last good responses.
func testModules(t *testing.T, plain, guarded program) {
	t.Helper()
	more := slices.DeleteFunc(slices.Clone(guarded.modules), func(m string) bool { return slices.Contains(plain.modules, m) })
	if len(more) > 2 {
		t.Errorf("a guarded client has %q besides gRPC's; want two at most", more)
	}
}

// testCalls runs the clients.
func testCalls(ctx context.Context, t *testing.T, programs []program) {
	t.Helper()
	target, calls := serve(t)
	for i, p := range programs {
		said, err := exec.CommandContext(ctx, p.path, target).CombinedOutput()
		if err != nil || calls.Load() != int64(i+1) {
			t.Errorf("%s: %v, %d calls; want %d\n%s", p.name, err, calls.Load(), i+1, said)
		}
	}
	said, err := exec.CommandContext(ctx, programs[0].path).CombinedOutput()
	if err == nil || string(said) != "arguments = 0; must be one: the target of a server\n" {
		t.Errorf("without a target: %v, %q", err, said)
	}
}

func testTable(t *testing.T, programs []program) {
	t.Helper()
	var out bytes.Buffer
	if err := printed(&out, programs); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs {
		if !strings.Contains(out.String(), p.what+"  ") {
			t.Errorf("nothing of %q in:\n%s", p.what, out.String())
		}
	}
}

func isOTel(module string) bool { return strings.HasPrefix(module, "go.opentelemetry.io/") }

// testOrder has what holds on any machine, with room for another version of Go.
func testOrder(t *testing.T, by map[string]program) {
	t.Helper()
	sizes := func(name string) [2]int64 {
		p, plain := by[name], by["plain"]
		return [2]int64{p.whole - plain.whole, p.stripped - plain.stripped}
	}
	guarded, failsafe, traced := sizes("guarded"), sizes("failsafe"), sizes("traced")
	observed, both, byHand := sizes("observed"), sizes("both"), sizes("gobreaker")
	for i, of := range []string{"whole", "stripped"} {
		if byHand[i] <= 0 || byHand[i] >= failsafe[i] {
			t.Errorf("%s: gobreaker adds %d bytes, failsafegrpc %d; want less than that", of, byHand[i], failsafe[i])
		}
		if guarded[i] <= byHand[i] || guarded[i] > failsafe[i]*19/8+1<<16 {
			t.Errorf("%s: the interceptors add %d bytes, failsafegrpc %d; want two and three eighths times that at most, and 64 KiB", of, guarded[i], failsafe[i])
		}
		if guarded[i] > traced[i]*8/5 {
			t.Errorf("%s: the interceptors add %d bytes, otelgrpc %d; want three fifths as much again at most", of, guarded[i], traced[i])
		}
		if observed[i] <= guarded[i] {
			t.Errorf("%s: telemetry adds nothing to %d bytes", of, guarded[i])
		}
		if extra := both[i] - traced[i] - guarded[i]; extra <= 0 || extra > traced[i]/2 {
			t.Errorf("%s: beside otelgrpc (%d bytes) telemetry adds %d; want half as much at most", of, traced[i], extra)
		}
	}
}

func TestAFailedBuildIsAnError(t *testing.T) {
	t.Parallel()
	p := program{name: "nobody"}
	if err := p.build(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "build of nobody: ") {
		t.Errorf("error = %v", err)
	}
}
