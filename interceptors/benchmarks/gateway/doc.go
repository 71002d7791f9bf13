// Package gateway puts grpc-gateway in front of a service of afloat, as
// docs/partial-responses.md shows it. Its tests say what arrives at a client of HTTP.
package gateway
