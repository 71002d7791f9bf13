package policy_test

import (
	"fmt"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func TestStrings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		v    fmt.Stringer
	}{
		{"client", policy.Client},
		{"server", policy.Server},
		{"local", policy.Local},
		{"unknown", policy.Side(9)},
		{"unary", policy.Unary},
		{"client_stream", policy.ClientStream},
		{"server_stream", policy.ServerStream},
		{"bidi_stream", policy.BidiStream},
		{"unknown", policy.Shape(9)},
		{"success", policy.Success},
		{"failure", policy.Failure},
		{"ignored", policy.Ignored},
		{"shed", policy.Shed},
		{"not_started", policy.NotStarted},
		{"unknown", policy.Verdict(9)},
		{"per_method", rules.PerMethod},
		{"per_service", rules.PerService},
		{"per_target", rules.PerTarget},
		{"Scope(9)", rules.Scope(9)},
		{"timeout", policy.LayerTimeout},
		{"breaker", policy.LayerBreaker},
		{"bulkhead", policy.LayerBulkhead},
		{"ratelimit", policy.LayerRateLimit},
		{"custom", policy.LayerCustom},
		{"fault", policy.LayerFault},
		{"unknown", policy.Layer(9)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.v.String(); got != tt.name {
				t.Errorf("String() = %q; want %q", got, tt.name)
			}
		})
	}
}

func TestStreamKind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                 string
		client, server       bool
		want                 policy.Shape
		streams, serverPaced bool
	}{
		{"unary", false, false, policy.Unary, false, true},
		{"client streams", true, false, policy.ClientStream, true, false},
		{"server streams", false, true, policy.ServerStream, true, true},
		{"both stream", true, true, policy.BidiStream, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := policy.ShapeOf(tt.client, tt.server)
			if got != tt.want || got.Streams() != tt.streams || got.ServerPaced() != tt.serverPaced {
				t.Errorf("kind = %v, streams = %v, server-paced = %v; want %v, %v, %v",
					got, got.Streams(), got.ServerPaced(), tt.want, tt.streams, tt.serverPaced)
			}
		})
	}
}
