package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// FuzzDescriptors reads anything as a file of descriptors: it is refused with its name, or
// has methods of services.
func FuzzDescriptors(f *testing.F) {
	whole, err := os.ReadFile(descriptors)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	for _, set := range []*descriptorpb.FileDescriptorSet{
		{},
		{File: []*descriptorpb.FileDescriptorProto{{}}},
		{File: []*descriptorpb.FileDescriptorProto{{Name: new("a.proto"), Dependency: []string{"a.proto"}}}},
		{File: []*descriptorpb.FileDescriptorProto{{Name: new("a.proto")}, {Name: new("a.proto")}}},
	} {
		encoded, err := proto.Marshal(set)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	path := filepath.Join(f.TempDir(), "any.binpb")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := readDescriptors(path)
		if err != nil {
			if !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("error = %v; want it to name the file", err)
			}
			return
		}
		for _, m := range methodsOf(files) {
			if !strings.HasPrefix(m.name, "/") || strings.Count(m.name, "/") != 2 {
				t.Errorf("method %q", m.name)
			}
		}
	})
}
