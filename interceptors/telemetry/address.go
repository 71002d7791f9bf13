package telemetry

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"google.golang.org/grpc/resolver"
)

// addressOf returns the address of a target, as far as its spelling tells. See
// semantic conventions, server.address.
func addressOf(target string) []attribute.KeyValue {
	if target == "" {
		return nil
	}
	endpoint := nameOf(endpointOf(target))
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return []attribute.KeyValue{semconv.ServerAddress(endpoint)}
	}
	attrs := []attribute.KeyValue{semconv.ServerAddress(host)}
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
