package condition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Calls are those that conditions are for: what their rule matches.
type Calls struct {
	// Match is the match of the rule.
	Match string
	// Sides are those of the rule. Empty: all.
	Sides []policy.Side
	// Files describe the methods, as far as they are known, so that parts about responses
	// can be checked. Nil: protoregistry.GlobalFiles.
	Files *protoregistry.Files
}

// files returns the descriptors.
func (c Calls) files() *protoregistry.Files {
	if c.Files == nil {
		return protoregistry.GlobalFiles
	}
	return c.Files
}

// are reports whether the calls can be seen on a side.
func (c Calls) are(on policy.Side) bool { return len(c.Sides) == 0 || slices.Contains(c.Sides, on) }

// checkSides notes the parts that calls on their sides never meet.
func (c Calls) checkSides(f *faults, of *Condition) {
	if of.Sent != policy.Unknown && !c.are(policy.Client) {
		f.add("sent", strconv.FormatBool(of.Sent == policy.Yes), "must be left out: only clients send calls")
	}
	if c.are(policy.Client) || c.are(policy.Server) {
		return
	}
	for _, part := range []struct {
		field string
		set   bool
	}{{"response", of.Response.isSet()}, {"header", of.Header.isSet()}, {"trailer", of.Trailer.isSet()}} {
		if part.set {
			f.add(part.field, "", "must be left out: what is no RPC has none")
		}
	}
}

// checkResponse notes why no known call can meet a part about responses. What is hardly
// meant, but may be, it returns as warnings.
func (c Calls) checkResponse(f *faults, of *Condition) (warnings []*Fault) {
	if !of.Response.isSet() || len(f.all) > 0 {
		return nil
	}
	var first *misfit
	nearest, fits := "", false
	for md := range c.methods {
		wrong := &misfit{"response", "", fmt.Sprintf("must be left out: %s streams its responses", methodOf(md))}
		if !md.IsStreamingServer() {
			_, wrong = fieldOf(&of.Response, md.Output())
		}
		switch {
		case wrong == nil, wrong == unresolved:
			fits = true
		case strings.HasPrefix(wrong.field, "response.values"):
			warnings = append(warnings, &Fault{f.at, wrong.field, wrong.value, fmt.Sprintf("is for no call of %s: %s", methodOf(md), wrong.problem)})
			first, nearest = wrong, methodOf(md)
		case first == nil:
			first, nearest = wrong, methodOf(md)
		}
	}
	switch {
	case fits:
		return warnings
	case first == nil: // nothing is known of the methods
		return nil
	case c.isOfPackage(): // there may be others
		return []*Fault{{f.at, first.field, first.value, fmt.Sprintf("fits no method that is known; for %s, %s", nearest, first.problem)}}
	case c.isWide():
		f.add(first.field, first.value, fmt.Sprintf("fits no method; for %s, %s", nearest, first.problem))
		return nil
	default:
		f.add(first.field, first.value, first.problem)
		return nil
	}
}

// methods yields those that are known.
func (c Calls) methods(yield func(protoreflect.MethodDescriptor) bool) {
	if !c.isWide() {
		if md := c.find(c.Match); md != nil {
			yield(md)
		}
		return
	}
	var all []protoreflect.MethodDescriptor
	for sd := range c.services {
		for i := range sd.Methods().Len() {
			all = append(all, sd.Methods().Get(i))
		}
	}
	slices.SortFunc(all, func(a, b protoreflect.MethodDescriptor) int {
		return strings.Compare(string(a.FullName()), string(b.FullName()))
	})
	for _, md := range all {
		if !yield(md) {
			return
		}
	}
}

// isWide reports whether the calls are of several methods.
func (c Calls) isWide() bool { return strings.HasSuffix(c.Match, "*") }

// isOfPackage reports whether the calls are of several services, some of which may not be
// known.
func (c Calls) isOfPackage() bool { return c.Match == "*" || strings.HasSuffix(c.Match, ".*") }

// services yields those of the calls that are known, of calls of several methods.
func (c Calls) services(yield func(protoreflect.ServiceDescriptor) bool) {
	prefix := strings.TrimPrefix(strings.TrimSuffix(c.Match, "*"), "/")
	if !c.isOfPackage() {
		if sd := c.service(strings.TrimSuffix(prefix, "/")); sd != nil {
			yield(sd)
		}
		return
	}
	c.files().RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		for i := range fd.Services().Len() {
			sd := fd.Services().Get(i)
			name := string(sd.FullName())
			ofGRPC := prefix == "" && strings.HasPrefix(name, "grpc.") // which * does not match
			if strings.HasPrefix(name, prefix) && !ofGRPC && !yield(sd) {
				return false
			}
		}
		return true
	})
}

// service returns a service by its full name, nil if it is not known.
func (c Calls) service(name string) protoreflect.ServiceDescriptor {
	d, err := c.files().FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return nil
	}
	sd, _ := d.(protoreflect.ServiceDescriptor)
	return sd
}

// find returns a method by its full name, nil if it is not known.
func (c Calls) find(method string) protoreflect.MethodDescriptor {
	service, name, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	sd := c.service(service)
	if sd == nil {
		return nil
	}
	return sd.Methods().ByName(protoreflect.Name(name))
}

// methodOf returns the full name of a method as calls have it.
func methodOf(md protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", md.Parent().FullName(), md.Name())
}
