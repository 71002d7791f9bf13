package telemetry

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"google.golang.org/grpc/resolver"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// addressOf returns the address of a target, as far as its spelling tells, and the name of
// the connection to it if it has one. See semantic conventions, server.address.
func addressOf(named string) []attribute.KeyValue {
	if named == "" {
		return nil
	}
	target, connection := policy.SplitTarget(named)
	var attrs []attribute.KeyValue
	if connection != "" {
		attrs = append(attrs, connectionKey.String(nameOf(connection)))
	}
	if target == "" {
		return attrs
	}
	endpoint := nameOf(endpointOf(target))
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return append(attrs, semconv.ServerAddress(endpoint))
	}
	attrs = append(attrs, semconv.ServerAddress(host))
	if n, err := strconv.Atoi(port); err == nil {
		attrs = append(attrs, semconv.ServerPort(n))
	}
	return attrs
}

// endpointOf returns a target without its scheme and authority, as gRPC reads it: if gRPC
// does not know the scheme, the target is a host and its port. The path of a socket
// keeps its slash.
func endpointOf(target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil || resolver.Get(u.Scheme) == nil && !strings.Contains(target, "://"):
		return target
	case u.Scheme == "unix" && u.Path != "":
		return u.Path
	default:
		return resolver.Target{URL: *u}.Endpoint()
	}
}
