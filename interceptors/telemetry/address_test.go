package telemetry_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Targets are read as gRPC reads them, and spelled as otelgrpc does.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"shop:443":                  "server.address=shop server.port=443",
		"shop":                      "server.address=shop",
		"shop:443#eu":               "afloat.connection.name=eu server.address=shop server.port=443",
		"[::1]:443#eu":              "afloat.connection.name=eu server.address=::1 server.port=443",
		"dns:///shop:443#eu":        "afloat.connection.name=eu server.address=shop server.port=443",
		"#eu":                       "afloat.connection.name=eu",
		"shop:https":                "server.address=shop",
		"[::1]:443":                 "server.address=::1 server.port=443",
		"dns:shop:443":              "server.address=shop server.port=443",
		"dns:///shop:443":           "server.address=shop server.port=443",
		"dns://10.0.0.1/shop:443":   "server.address=shop server.port=443",
		"passthrough:shop":          "server.address=shop",
		"unix:/run/shop.sock":       "server.address=/run/shop.sock",
		"unix:///run/shop.sock":     "server.address=/run/shop.sock",
		"unix:shop.sock":            "server.address=shop.sock",
		"unix-abstract:shop":        "server.address=shop",
		"fleet:///shop.production":  "server.address=shop.production",
		"passthrough:///\xffshop:1": "server.address=\uFFFDshop server.port=1",
	} {
		b := newBackend(t)
		b.Leaked(&policy.Call{Method: "/a.B/C", Target: target})
		series := strings.Fields("rpc.method=a.B/C " + want)
		slices.Sort(series)
		b.wantPoints(t, "afloat.client.leaked_streams", strings.Join(series, " ")+": 1")
	}
}
