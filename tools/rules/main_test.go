package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
		{"file", []string{"testdata/good.yaml"}, exitGood},
		{"wrong", []string{"testdata/wrong.yaml"}, exitWrong},
		{"wrong-with-descriptors", []string{"-descriptors", descriptors, "testdata/wrong.yaml"}, exitWrong},
		{"good", []string{"-descriptors", descriptors, "testdata/good.yaml"}, exitGood},
		{"good-target", []string{"-descriptors", descriptors, "-target", "dns:///abroad", "testdata/good.yaml"}, exitGood},
		{"good-server", []string{"-descriptors", descriptors, "-side", "server", "testdata/good.yaml"}, exitFound},
		{"odd", []string{"-descriptors", descriptors, "testdata/odd.yaml"}, exitFound},
		{"odd-findings", []string{"-descriptors", descriptors, "-table=false", "testdata/odd.yaml"}, exitFound},
	} {
		t.Run(tt.golden, func(t *testing.T) {
			t.Parallel()
			var out, complaints bytes.Buffer
			if exit := run(tt.args, &out, &complaints); exit != tt.exit {
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
		{"no file", nil, "usage: rules"},
		{"two files", []string{"a", "b"}, "usage: rules"},
		{"no such flag", []string{"-x"}, "flag provided but not defined: -x"},
		{"no such side", []string{"-side", "left", "a"}, `"left"; must be client or server`},
		{"target of a server", []string{"-side", "server", "-target", "a", "a"}, `flag -target = "a"; must be left out on servers`},
		{"no name of rules", []string{""}, `file = ""; must be a path`},
		{"no such rules", []string{"testdata/none.yaml"}, "testdata/none.yaml: cannot be read: no such file or directory"},
		{"folder of rules", []string{"testdata"}, "testdata: cannot be read: must be a regular file"},
		{"no such descriptors", []string{"-descriptors", "none.binpb", "testdata/good.yaml"}, "none.binpb: no such file"},
		{"descriptors that are none", []string{"-descriptors", "testdata/good.yaml", "testdata/good.yaml"}, "testdata/good.yaml: is no binary FileDescriptorSet"},
		{"no descriptors", []string{"-descriptors", in("empty", nil), "testdata/good.yaml"}, "empty: has no .proto files"},
		{"broken descriptors", []string{"-descriptors", in("broken", broken), "testdata/good.yaml"}, "broken: proto"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out, complaints bytes.Buffer
			if exit := run(tt.args, &out, &complaints); exit != exitFailed || out.Len() > 0 {
				t.Errorf("exit %d, printed %q; want %d and nothing", exit, &out, exitFailed)
			}
			if !strings.Contains(complaints.String(), tt.want) {
				t.Errorf("complaints:\n%s\nwant in them: %s", &complaints, tt.want)
			}
		})
	}
}
