package interceptors

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// shapes tells the shapes that were declared for methods. Nil: none.
type shapes func(fullMethod string) (policy.Shape, bool)

// of returns the shape of a method and whether it was declared: else it is that of the
// stream. A name that is too long for a rule is not asked for, since anybody may have made
// it up.
func (s shapes) of(method string, stream policy.Shape) (shape policy.Shape, declared bool) {
	if s == nil || len(method) > rules.MaxMethodBytes {
		return stream, false
	}
	if shape, declared = s(method); declared && shape <= policy.BidiStream {
		return shape, true
	}
	return stream, false
}

// ShapeOption is an option for the streams of clients and of servers.
type ShapeOption interface {
	StreamOption
	ServerStreamOption
}

func (s shapes) applyStream(o *streamOptions) { o.shapes = s }

func (s shapes) applyServerStream(o *serverStreamOptions) { o.shapes = s }

func (s shapes) applyClient(o *clientOptions) { o.stream = append(o.stream, s) }

func (s shapes) applyServer(o *serverOptions) { o.stream = append(o.stream, s) }

// WithShapes declares the shapes of methods that a proxy forwards as streams which stream
// both ways, whatever the method. Give it to both the server and the client of the proxy:
//
//	shapes := interceptors.WithShapes(interceptors.ShapesIn(protoregistry.GlobalFiles))
//	opts := append(interceptors.ServerOptions(rules, shapes), grpc.UnknownServiceHandler(forward))
//
// A method for which of returns true has that shape and is treated as registered: its unary
// calls have the timeouts and the places of unary calls, their slowness counts from when
// the request was sent, and the method has policies of its own. A unary call that outlives
// its timeout is cut as a stream is, see package timeout. Any other method is a stream
// in both directions; on a server all of them share the policies of calls past the key
// limit. Fallbacks and degrade.RequireComplete are for unary calls of a client's own:
// forwarded ones do not have them.
//
// The function must be safe for concurrent use and fast: it is called for each stream, with
// names that strangers make up, of at most [rules.MaxMethodBytes]. A nil one declares
// nothing.
func WithShapes(of func(fullMethod string) (policy.Shape, bool)) ShapeOption { return shapes(of) }

// ShapesIn returns a function for [WithShapes] that declares the methods of all services in
// files, which may be [protoregistry.GlobalFiles]: the services whose generated code is
// linked into the program.
func ShapesIn(files *protoregistry.Files) func(fullMethod string) (policy.Shape, bool) {
	return func(fullMethod string) (policy.Shape, bool) {
		service, method, ok := strings.Cut(strings.TrimPrefix(fullMethod, "/"), "/")
		if !ok {
			return 0, false
		}
		found, err := files.FindDescriptorByName(protoreflect.FullName(service))
		if err != nil {
			return 0, false
		}
		described, ok := found.(protoreflect.ServiceDescriptor)
		if !ok {
			return 0, false
		}
		m := described.Methods().ByName(protoreflect.Name(method))
		if m == nil {
			return 0, false
		}
		return policy.ShapeOf(m.IsStreamingClient(), m.IsStreamingServer()), true
	}
}
