package config

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// api knows which services there are in .proto files.
type api struct {
	files *protoregistry.Files
	// packages are those with services, and those around them.
	packages map[string]bool
}

// apiOf returns the services of the files.
func apiOf(files *protoregistry.Files) api {
	a := api{files, map[string]bool{}}
	files.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		if fd.Services().Len() > 0 {
			for name := fd.Package(); name != "" && !a.packages[string(name)]; name = name.Parent() {
				a.packages[string(name)] = true
			}
		}
		return true
	})
	return a
}

// lacks says what of a pattern is in no file, empty if nothing is.
func (a api) lacks(match string) string {
	if pkg, ok := strings.CutSuffix(match, ".*"); ok {
		if pkg = strings.TrimPrefix(pkg, "/"); a.packages[pkg] {
			return ""
		}
		return "no linked .proto file has a service in the package " + pkg
	}
	service, method, ok := strings.Cut(strings.TrimPrefix(match, "/"), "/")
	if !ok {
		return "" // all
	}
	found, err := a.files.FindDescriptorByName(protoreflect.FullName(service))
	sd, isService := found.(protoreflect.ServiceDescriptor)
	switch {
	case err != nil || !isService:
		return "no linked .proto file has the service " + service
	case method != "*" && sd.Methods().ByName(protoreflect.Name(method)) == nil:
		return "the service " + service + " has no method " + method
	default:
		return ""
	}
}
