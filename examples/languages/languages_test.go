package languages_test

import (
	"bytes"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/afloat-go/afloat/examples/languages"
	afloatproto "github.com/afloat-go/afloat/proto"
)

// said is what every client says, but for how its language spells codes.
const said = `Hello, gopher!
banner: missing (timeout)
offers[*]: missing (circuit_open) 8 of 10
greeting is intact, banner is missing
summary: 2; missing=2
Welcome: text: stale (unavailable) 60s old
refused: RESOURCEEXHAUSTED RATE_LIMITED
incomplete: UNAVAILABLE INCOMPLETE banner is missing
`

// serve serves pages until the test ends.
func serve(t *testing.T) (address string) {
	t.Helper()
	server, err := languages.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(lis) }()
	t.Cleanup(server.Stop)
	return lis.Addr().String()
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

// run runs a program in a folder and returns what it says.
func run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = folder
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", name, args, err, out, complaints.String())
	}
	return string(out)
}

// workshop is a copy of a client's folder, with the .proto files below protos/: those of
// afloat as they are exported, and that of the pages. What is google's is in google.binpb, as
// this program has it.
func workshop(t *testing.T, client string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for to, from := range map[string]fs.FS{".": os.DirFS(client), "protos": afloatproto.Files, "protos/.": os.DirFS("proto")} {
		err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
			target := filepath.Join(folder, to, name)
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "gen" || d.Name() == "out"):
				return fs.SkipDir
			case d.IsDir():
				return os.MkdirAll(target, 0o750)
			}
			text, err := fs.ReadFile(from, name)
			if err != nil || strings.HasSuffix(name, ".pb.go") {
				return err
			}
			return os.WriteFile(target, text, 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var set descriptorpb.FileDescriptorSet
	seen := map[string]bool{}
	var add func(fd protoreflect.FileDescriptor)
	add = func(fd protoreflect.FileDescriptor) {
		for i := range fd.Imports().Len() {
			add(fd.Imports().Get(i))
		}
		if !seen[fd.Path()] {
			seen[fd.Path()] = true
			set.File = append(set.File, protodesc.ToFileDescriptorProto(fd))
		}
	}
	add(errdetails.File_google_rpc_error_details_proto)
	add(status.File_google_rpc_status_proto)
	encoded, err := proto.Marshal(&set)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "google.binpb"), encoded, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// same checks what a client says.
func same(t *testing.T, got string) {
	t.Helper()
	lines := strings.SplitAfter(got, "\n")
	for i, line := range lines { // the code is the second word of these
		if words := strings.SplitN(line, " ", 3); len(words) == 3 && (words[0] == "refused:" || words[0] == "incomplete:") {
			words[1] = strings.ToUpper(strings.ReplaceAll(words[1], "_", ""))
			lines[i] = strings.Join(words, " ")
		}
	}
	if got := strings.Join(lines, ""); got != said {
		t.Errorf("it says:\n%swant:\n%s", got, said)
	}
}

func TestTypeScript(t *testing.T) {
	t.Parallel()
	npm, err := exec.LookPath("npm")
	need(t, "npm", err == nil)
	folder := workshop(t, "typescript")
	run(t, folder, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	buf := filepath.Join(folder, "buf")
	run(t, filepath.Join("..", ".."), "go", "build", "-modfile=tools/buf/go.mod", "-o", buf, "github.com/bufbuild/buf/cmd/buf")
	for _, input := range []string{"protos", "google.binpb"} {
		run(t, folder, buf, "generate", input)
	}
	run(t, folder, filepath.Join(folder, "node_modules", ".bin", "tsc"))
	same(t, run(t, folder, "node", "out/client.js", serve(t)))
}

func TestPython(t *testing.T) {
	t.Parallel()
	protoc, err := exec.LookPath("protoc")
	need(t, "protoc", err == nil)
	plugin, err := exec.LookPath("grpc_python_plugin")
	need(t, "grpc_python_plugin", err == nil)
	var python string
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), candidate, "-c", "import grpc").Run() == nil {
			python = candidate
		}
	}
	need(t, "Python with grpcio", python != "")
	folder := workshop(t, "python")
	run(t, folder, protoc, "-Iprotos", "--python_out=.", "--grpc_out=.", "--plugin=protoc-gen-grpc="+plugin,
		"afloat/degrade/v1/degradation.proto", "pages/v1/pages.proto")
	run(t, folder, protoc, "--descriptor_set_in=google.binpb", "--python_out=.", "google/rpc/error_details.proto", "google/rpc/status.proto")
	same(t, run(t, folder, python, "client.py", serve(t)))
}
