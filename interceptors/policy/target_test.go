package policy_test

import (
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
)

func TestNamedTargets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ target, connection, named string }{
		{"dns:///users", "", "dns:///users"},
		{"dns:///users", "eu-replica", "dns:///users#eu-replica"},
		{"unix:/run/users#1", "eu", "unix:/run/users#1#eu"},
		{"", "eu", "#eu"},
		{"", "", ""},
	} {
		if got := policy.NamedTarget(tt.target, tt.connection); got != tt.named {
			t.Errorf("NamedTarget(%q, %q) = %q; want %q", tt.target, tt.connection, got, tt.named)
		}
		if target, connection := policy.SplitTarget(tt.named); target != tt.target || connection != tt.connection {
			t.Errorf("SplitTarget(%q) = %q, %q; want %q, %q", tt.named, target, connection, tt.target, tt.connection)
		}
	}
}
