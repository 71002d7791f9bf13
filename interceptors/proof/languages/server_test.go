package languages_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

// language is how a server in it is run.
type language struct {
	name    string
	prepare func(t *testing.T) (folder, program, script string)
}

func languages() []language {
	return []language{{"grpcio", python}, {"grpc-js", javascript}}
}

// need skips the test if a program is not there, or fails it where there must be all.
func need(t *testing.T, what string, there bool) {
	t.Helper()
	switch {
	case there:
	case os.Getenv("AFLOAT_REQUIRE_PROGRAMS") == "1":
		t.Fatalf("there is no %s", what)
	default:
		t.Skipf("there is no %s", what)
	}
}

func python(t *testing.T) (folder, program, script string) {
	t.Helper()
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), candidate, "-c", "import grpc").Run() == nil {
			return "python", candidate, "server.py"
		}
	}
	need(t, "Python with grpcio", false)
	return "", "", ""
}

func javascript(t *testing.T) (folder, program, script string) {
	t.Helper()
	npm, err := exec.LookPath("npm")
	need(t, "npm", err == nil)
	folder = t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "server.js"} {
		text, err := os.ReadFile(filepath.Join("javascript", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	trial.Run(t, npm, "ci", "--prefix", folder, "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
	return folder, "node", "server.js"
}

// server is a running program.
type server struct {
	folder, program, script, age, port string

	command *exec.Cmd
	ended   chan struct{}
}

// serve runs a server that ends connections at an age, in milliseconds, 0 for never.
func serve(t *testing.T, l language, age int) *server {
	t.Helper()
	folder, program, script := l.prepare(t)
	_, port, err := net.SplitHostPort(trial.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{folder: folder, program: program, script: script, age: strconv.Itoa(age), port: port}
	s.start(t)
	t.Cleanup(s.stop)
	return s
}

// start starts the program and waits until it says that it listens.
func (s *server) start(t *testing.T) {
	t.Helper()
	s.command = exec.CommandContext(context.WithoutCancel(t.Context()), s.program, s.script, s.age, s.port)
	s.command.Dir = s.folder
	said, err := s.command.StdoutPipe()
	if err == nil {
		err = s.command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(said).ReadString('\n'); !strings.HasPrefix(line, "listening on") {
		t.Fatalf("%s says %q, %v", s.script, line, err)
	}
	s.ended = make(chan struct{})
	go func() {
		_ = s.command.Wait()
		close(s.ended)
	}()
}

// stop shuts the server down by force, as it is told by a signal.
func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	<-s.ended
}
