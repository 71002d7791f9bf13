package config_test

import (
	"os/exec"
	"strings"
	"testing"
)

// Only who takes rules from files compiles a YAML library and watches folders, and
// only who takes them from options has their numbers registered.
func TestWhoCompilesWhat(t *testing.T) {
	t.Parallel()
	const module = "github.com/afloat-go/afloat/"
	for _, tt := range []struct {
		packages  []string
		forbidden []string
	}{
		{
			[]string{
				"interceptors", "interceptors/policy", "interceptors/breaker", "interceptors/bulkhead", "interceptors/timeout",
				"interceptors/ratelimit", "interceptors/fault", "interceptors/fallback", "interceptors/fanout", "interceptors/degrade",
			},
			[]string{"yaml", "fsnotify", module + "interceptors/rules/config", module + "proto/afloat/policy", module + "proto/afloat/options"},
		},
		{[]string{"interceptors/rules/config"}, []string{module + "proto/afloat/options", module + "interceptors/fanout"}},
	} {
		args := []string{"list", "-deps"}
		for _, p := range tt.packages {
			args = append(args, module+p)
		}
		out, err := exec.CommandContext(t.Context(), "go", args...).Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		for dep := range strings.Lines(string(out)) {
			for _, forbidden := range tt.forbidden {
				if strings.Contains(dep, forbidden) {
					t.Errorf("who imports %s compiles %s", tt.packages[0], dep)
				}
			}
		}
	}
}
