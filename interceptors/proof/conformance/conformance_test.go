package conformance_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/proof/conformance/guarded"
	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

const module = "connectrpc.com/conformance"

// side is a side of calls: the suite's own program for it that uses grpc-go, and the edits by
// which that gets a guard.
type side struct {
	// mode is the suite's word for it; failing the file of cases that bare grpc-go fails.
	mode, command, failing string
	edits                  []trial.Edit
	// cases is how many the suite has for it, of which bare grpc-go fails four.
	cases string
}

func client() side {
	const file = "internal/app/grpcclient/client.go"
	return side{"client", "cmd/grpcclient", "grpcclient-known-failing.txt", []trial.Edit{imported(file), {
		File: file,
		Old:  "\tclientConn, err := grpc.NewClient(\n",
		New:  "\tdialOpts = append(dialOpts, guarded.DialOptions()...)\n\tclientConn, err := grpc.NewClient(\n",
	}}, "409"}
}

func server() side {
	const file = "internal/app/grpcserver/server.go"
	return side{"server", "cmd/grpcserver", "grpcserver-known-failing.txt", []trial.Edit{imported(file), {
		File: file,
		Old:  "\tserver := grpc.NewServer(\n",
		New:  "\tserver := grpc.NewServer(append(guarded.ServerOptions(),\n",
	}, {
		File: file,
		Old:  "\t\tgrpc.MaxRecvMsgSize(int(recvLimit)),\n\t)\n",
		New:  "\t\tgrpc.MaxRecvMsgSize(int(recvLimit)),\n\t)...)\n",
	}}, "374"}
}

// imported is the edit that imports the guard.
func imported(file string) trial.Edit {
	const line = "\nimport (\n"
	return trial.Edit{File: file, Old: line, New: line + "\t\"github.com/afloat-go/afloat/interceptors/proof/conformance/guarded\"\n"}
}

// result is what the suite says, and what the guard did meanwhile.
type result struct {
	cases string
	// failed has the cases that failed, with the first reason of each.
	failed map[string]string
	seen   []string
}

var (
	total  = regexp.MustCompile(`(?m)^Total cases: (\d+)$`)
	failed = regexp.MustCompile(`(?m)^FAILED: (.*):\n\t(.*)$`)
)

// conform runs the suite against a program.
func conform(t *testing.T, runner, program string, s side, kind trial.Kind) *result {
	t.Helper()
	folder := filepath.Join(trial.Run(t, "go", "list", "-m", "-f", "{{.Dir}}", module), "testing")
	command := exec.CommandContext(t.Context(), runner, "--mode", s.mode, "--conf", filepath.Join(folder, "grpc-impls-config.yaml"),
		"--known-failing", "@"+filepath.Join(folder, s.failing), "--", program)
	seen := filepath.Join(t.TempDir(), "seen")
	command.Env = append(os.Environ(), guarded.Kind+"="+string(kind), guarded.Seen+"="+seen)
	out, err := command.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited { //nolint:errorlint // it is what Wait returns
		t.Fatal(err)
	}
	r := &result{failed: map[string]string{}}
	m := total.FindSubmatch(out)
	if m == nil {
		t.Fatalf("the suite says no total:\n%s", out)
	}
	r.cases = string(m[1])
	for _, m := range failed.FindAllSubmatch(out, -1) {
		r.failed[string(m[1])] = string(m[2])
	}
	if (err == nil) != (len(r.failed) == 0) {
		t.Fatalf("the suite ended with %v, and %d failed cases were read:\n%s", err, len(r.failed), out)
	}
	if text, err := os.ReadFile(seen); err == nil {
		r.seen = strings.Split(strings.TrimSpace(string(text)), "\n")
		slices.Sort(r.seen)
		r.seen = slices.Compact(r.seen)
	}
	return r
}

// deadline is what the suite has against the deadline of 30 s that the built-in rule gives to
// unary calls without one: the server sees it, and the suite looks for it.
var deadline = regexp.MustCompile(`^server echoed back a timeout \((29|30)\d{3} ms\) but none was expected$`)

// knownFailing is how many cases of each side bare grpc-go fails; the suite checks that they do.
const knownFailing = 4

// TestConformance runs every case for gRPC, without a guard and with each kind, in one run.
func TestConformance(t *testing.T) {
	t.Parallel()
	runner := trial.Build(t, module, "cmd/connectconformance")
	for _, s := range []side{client(), server()} {
		bare, guarded := trial.Build(t, module, s.command), trial.Build(t, module, s.command, s.edits...)
		for _, kind := range trial.Kinds() {
			t.Run(s.mode+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				program := guarded
				if kind == trial.Bare {
					program = bare
				}
				r := conform(t, runner, program, s, kind)
				if r.cases != s.cases {
					t.Errorf("%s cases; want %s", r.cases, s.cases)
				}
				for name, reason := range r.failed {
					if kind != trial.BuiltIn || !deadline.MatchString(reason) {
						t.Errorf("%s: %s", name, reason)
					}
				}
				found := trial.Suite{Name: "conformance, " + s.mode, Kind: kind}
				found.Cases, _ = strconv.Atoi(r.cases)
				found.Passed = found.Cases - knownFailing - len(r.failed)
				found.Why = "4 fail with bare grpc-go too"
				if len(r.failed) > 0 {
					found.Why += fmt.Sprintf("; of %d the server sees the default deadline", len(r.failed))
				}
				found.Keep(t)
				if len(r.seen) > 0 {
					t.Errorf("the guard did %q; want nothing", r.seen)
				}
			})
		}
	}
}
