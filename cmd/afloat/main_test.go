package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

var update = flag.Bool("update", false, "write the golden files anew")

const descriptors = "testdata/testproto.binpb"

// What is printed for real descriptors, and how the program ends.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		golden string
		args   []string
		exit   int
	}{
		{"file", []string{"check", "testdata/good.yaml"}, exitGood},
		{"wrong", []string{"check", "testdata/wrong.yaml"}, exitWrong},
		{"wrong-with-descriptors", []string{"check", "-descriptors", descriptors, "testdata/wrong.yaml"}, exitWrong},
		{"wrong-table", []string{"table", "-descriptors", descriptors, "testdata/wrong.yaml"}, exitWrong},
		{"good", []string{"check", "-descriptors", descriptors, "testdata/good.yaml"}, exitGood},
		{"good-table", []string{"table", "-descriptors", descriptors, "testdata/good.yaml"}, exitGood},
		{"good-target", []string{"check", "-descriptors", descriptors, "-target", "dns:///abroad", "testdata/good.yaml"}, exitGood},
		{"good-target-table", []string{"table", "-descriptors", descriptors, "-target", "dns:///abroad", "testdata/good.yaml"}, exitGood},
		{"good-server", []string{"check", "-descriptors", descriptors, "-side", "server", "testdata/good.yaml"}, exitFound},
		{"good-server-table", []string{"table", "-descriptors", descriptors, "-side", "server", "testdata/good.yaml"}, exitGood},
		{"odd", []string{"check", "-descriptors", descriptors, "testdata/odd.yaml"}, exitFound},
		{"odd-table", []string{"table", "-descriptors", descriptors, "testdata/odd.yaml"}, exitGood},
		{"unsided", []string{"check", "testdata/unsided.yaml"}, exitFound},
		{"unsided-server-table", []string{"table", "-descriptors", descriptors, "-side", "server", "testdata/unsided.yaml"}, exitGood},
		{"several", []string{"check", "-descriptors", descriptors, "testdata/odd.yaml", "testdata/wrong.yaml", "testdata/good.yaml"}, exitWrong},
		{"conditions", []string{"check", "testdata/conditions.yaml"}, exitFound},
		{"conditions-with-descriptors", []string{"check", "-descriptors", descriptors, "testdata/conditions.yaml"}, exitFound},
		{"conditions-wrong", []string{"check", "testdata/conditions-wrong.yaml"}, exitWrong},
		{"conditions-wrong-with-descriptors", []string{"check", "-descriptors", descriptors, "testdata/conditions-wrong.yaml"}, exitWrong},
		{"custom", []string{"check", "testdata/custom.yaml"}, exitWrong},
		{"custom-granted", []string{"check", "-custom", "quota", "-custom", "tenant", "testdata/custom.yaml"}, exitGood},
		{"custom-table", []string{"table", "-custom", "quota", "-custom", "tenant", "-descriptors", descriptors, "testdata/custom.yaml"}, exitGood},
	} {
		t.Run(tt.golden, func(t *testing.T) {
			t.Parallel()
			var out, complaints bytes.Buffer
			args := append([]string{"rules"}, tt.args...)
			if exit := run(args, stdio{strings.NewReader(""), &out, &complaints}); exit != tt.exit {
				t.Errorf("exit %d; want %d", exit, tt.exit)
			}
			got := complaints.String() + "--\n" + out.String()
			golden := filepath.Join("testdata", tt.golden+".want")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("printed:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestWhatCannotBeDone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	broken, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{Name: new("a.proto"), Syntax: new("proto9")}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"two tables", []string{"table", "-descriptors", descriptors, "a", "b"}, "2 files; must be one"},
		{"table without descriptors", []string{"table", "testdata/good.yaml"}, `flag -descriptors = ""; must be a file`},
		{"no such flag", []string{"check", "-x"}, "flag provided but not defined: -x"},
		{"no such command", []string{"chek"}, `command = "rules chek"; must be one of these`},
		{"no command", nil, `command = "rules "; must be one of these`},
		{"kind of afloat", []string{"check", "-custom", "breaker"}, `flag -custom: config: name of a kind = "breaker"`},
		{"output that is closed", []string{"table", "-descriptors", descriptors, "testdata/good.yaml"}, "closed"},
		{"no such side", []string{"check", "-side", "left", "a"}, `"left"; must be client or server`},
		{"target of a server", []string{"check", "-side", "server", "-target", "a", "a"}, `flag -target = "a"; must be left out on servers`},
		{"no name of rules", []string{"check", ""}, `file = ""; must be a path`},
		{"no such rules", []string{"check", "testdata/none.yaml"}, "testdata/none.yaml: cannot be read: no such file or directory"},
		{"folder of rules", []string{"check", "testdata"}, "testdata: cannot be read: must be a regular file"},
		{"no such descriptors", []string{"check", "-descriptors", "none.binpb", "testdata/good.yaml"}, "none.binpb: no such file"},
		{"folder of descriptors", []string{"check", "-descriptors", "testdata", "testdata/good.yaml"}, "testdata: cannot be read: must be a regular file"},
		{"device of descriptors", []string{"check", "-descriptors", os.DevNull, "testdata/good.yaml"}, os.DevNull + ": cannot be read: must be a regular file"},
		{"device of rules", []string{"check", os.DevNull}, os.DevNull + ": cannot be read: must be a regular file"},
		{"kind of another alphabet", []string{"check", "-custom", "quоta"}, "character 3 is 'о' (U+043E), which looks like 'o'"},
		{"descriptors that are none", []string{"check", "-descriptors", "testdata/good.yaml", "testdata/good.yaml"}, "testdata/good.yaml: is no binary FileDescriptorSet"},
		{"no descriptors", []string{"check", "-descriptors", in("empty", nil), "testdata/good.yaml"}, "empty: has no .proto files"},
		{"broken descriptors", []string{"check", "-descriptors", in("broken", broken), "testdata/good.yaml"}, "broken: proto"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, complaints bytes.Buffer
			std := stdio{strings.NewReader(""), &out, &complaints}
			if tt.want == "closed" {
				std.out = closed{}
			}
			if exit := run(append([]string{"rules"}, tt.args...), std); exit != exitFailed || out.Len() > 0 {
				t.Errorf("exit %d, printed %q; want %d and nothing", exit, &out, exitFailed)
			}
			if !strings.Contains(complaints.String(), tt.want) {
				t.Errorf("complaints:\n%s\nwant in them: %s", &complaints, tt.want)
			}
		})
	}
}

// closed is an output that nobody reads.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

// Without a file, and with -, the rules come from the standard input.
func TestStandardInput(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"rules", "check"}, {"rules", "check", "-"}, {"rules", "check", "testdata/good.yaml", "-"}} {
		var out, complaints bytes.Buffer
		exit := run(args, stdio{strings.NewReader("rules: [{match: '*', braker: {}}]"), &out, &complaints})
		const want = "stdin:1:22: rules[0].braker: is no field here; did you mean breaker?\n"
		if exit != exitWrong || complaints.String() != want {
			t.Errorf("%q: exit %d, complaints %q; want %d and %q", args, exit, &complaints, exitWrong, want)
		}
	}
	var complaints bytes.Buffer
	if exit := run([]string{"rules", "check"}, stdio{iotest.ErrReader(errors.New("closed")), &complaints, &complaints}); exit != exitFailed {
		t.Errorf("exit %d of an input that cannot be read, %s; want %d", exit, &complaints, exitFailed)
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
		exit int
	}{
		{[]string{"help"}, "usage: afloat command", exitGood},
		{[]string{"rules", "help"}, "usage: afloat command", exitGood},
		{[]string{"rules", "check", "-h"}, "usage: afloat rules check [flags] [file...]", exitGood},
		{[]string{"version"}, "afloat ", exitGood},
		{nil, `afloat: command = ""; must be one of these`, exitFailed},
	} {
		var out bytes.Buffer
		if exit := run(tt.args, stdio{strings.NewReader(""), &out, &out}); exit != tt.exit || !strings.HasPrefix(out.String(), tt.want) {
			t.Errorf("%q: exit %d, printed %q; want %d and %q", tt.args, exit, &out, tt.exit, tt.want)
		}
	}
}

// What go install builds is the command: its module replaces nothing, and the program
// does what the package does.
func TestInstalled(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil || regexp.MustCompile(`(?m)^(replace|exclude)\b`).Match(mod) {
		t.Errorf("go.mod replaces or excludes modules, which go install refuses: %v", err)
	}
	program := filepath.Join(t.TempDir(), "afloat")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-mod=readonly", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "rules", "check")
	cmd.Stdin = strings.NewReader("rules: [{match: '*', breaker: {probes: 0}}]")
	out, err := cmd.CombinedOutput()
	failed, ok := errors.AsType[*exec.ExitError](err)
	if want := "stdin:1:40: rules[0].breaker.probes = 0; must be in [1, 1000]\n"; !ok || failed.ExitCode() != exitWrong || string(out) != want {
		t.Errorf("%v, printed %q; want %d and %q", err, out, exitWrong, want)
	}
}

// The command compiles nothing but what the library has: no telemetry, no SDK.
func TestCommandIsLight(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		if strings.HasPrefix(dep, "go.opentelemetry.io/") {
			t.Errorf("the command compiles %s", dep)
		}
	}
}
