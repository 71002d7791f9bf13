package interceptors_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Who uses the guard alone compiles no OpenTelemetry with it: only
// interceptors/telemetry imports it.
func TestGuardCompilesNoTelemetry(t *testing.T) {
	t.Parallel()
	for _, pkg := range []string{".", "./policy", "./criticality", "./overload", "./pressure", "./breaker", "./bulkhead", "./timeout", "./ratelimit", "./fault", "./degrade", "./step", "./fallback", "./fanout"} {
		if deps := depsOf(t, pkg); strings.Contains(deps, "go.opentelemetry.io") {
			t.Errorf("%s compiles OpenTelemetry", pkg)
		}
	}
	if deps := depsOf(t, "./telemetry"); !strings.Contains(deps, "go.opentelemetry.io/otel/metric\n") || strings.Contains(deps, "go.opentelemetry.io/otel/sdk") {
		t.Error("telemetry compiles an SDK, or no API")
	}
}

// depsOf lists what a package compiles, a line each.
func depsOf(t *testing.T, pkg string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return string(out)
}
