package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/internal/regular"
)

// maxDescriptors is how many bytes an image may have.
const maxDescriptors = 256 << 20

// readDescriptors reads an image of buf, which is a FileDescriptorSet with more
// fields. No path is no file.
func readDescriptors(path string) (*protoregistry.Files, error) {
	if path == "" {
		return new(protoregistry.Files), nil
	}
	data, err := regular.Read(path, maxDescriptors+1)
	switch {
	case errors.Is(err, regular.ErrNotRegular):
		return nil, fmt.Errorf("%s: cannot be read: %w", path, err)
	case err != nil:
		return nil, err
	case len(data) > maxDescriptors:
		return nil, fmt.Errorf("%s: must be of at most %d bytes", path, maxDescriptors)
	}
	set := new(descriptorpb.FileDescriptorSet)
	// Options are read by who knows them; a number may be somebody else's.
	if err := (proto.UnmarshalOptions{Resolver: new(protoregistry.Types)}).Unmarshal(data, set); err != nil {
		return nil, fmt.Errorf("%s: is no binary FileDescriptorSet: %w", path, err)
	}
	if len(set.GetFile()) == 0 {
		return nil, fmt.Errorf("%s: %w", path, errNoFiles)
	}
	// What a set of protoc leaves out, imports without --include_imports, does not
	// matter here.
	files, err := protodesc.FileOptions{AllowUnresolvable: true}.NewFiles(set)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return files, nil
}

var errNoFiles = errors.New("has no .proto files; make it with buf build -o or protoc --descriptor_set_out")

// method is one of the API.
type method struct {
	name  string // "/pkg.Service/Method"
	shape policy.Shape
}

// methodsOf returns the methods of all services, in the order of their names.
func methodsOf(files *protoregistry.Files) []method {
	var all []method
	files.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		for i := range fd.Services().Len() {
			methods := fd.Services().Get(i).Methods()
			for j := range methods.Len() {
				md := methods.Get(j)
				all = append(all, method{
					fmt.Sprintf("/%s/%s", md.Parent().FullName(), md.Name()),
					policy.ShapeOf(md.IsStreamingClient(), md.IsStreamingServer()),
				})
			}
		}
		return true
	})
	slices.SortFunc(all, func(a, b method) int { return strings.Compare(a.name, b.name) })
	return all
}
