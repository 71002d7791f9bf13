package target_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/tools/house/internal/target"
)

// module writes a module of one package and its test, which compile on 64 bits and
// not on Windows, and returns its folder.
func module(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":        "module example.com/m\n\ngo 1.26.0\n",
		"m.go":          "package m\n\nvar V int\n",
		"m_windows.go":  "package m\n\nvar V int\n",
		"wide_test.go":  "package m\n\nvar W int = 1 << 40\n",
		"plain_test.go": "package m_test\n\nimport _ \"example.com/m\"\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCheck(t *testing.T) {
	t.Parallel()
	root := module(t)
	for _, tt := range []struct{ target, finding, err string }{
		{target: "linux/s390x"},
		{target: "wasip1/wasm"},
		{target: "linux/386", finding: "overflows"},
		{target: "windows/amd64", finding: "V redeclared"},
		{target: "linux", err: `target = "linux"; must be a system and an architecture`},
		{target: "nowhere/386", err: "unsupported GOOS/GOARCH pair"},
	} {
		t.Run(tt.target, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			findings, err := target.Check(t.Context(), root, []string{tt.target}, &out)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("err = %v; want %s", err, tt.err)
				}
				return
			}
			if got := strings.Join(findings, "\n"); err != nil || !strings.Contains(got, tt.finding) || (got == "") != (tt.finding == "") {
				t.Errorf("%s, %v; want %q", got, err, tt.finding)
			}
			if !strings.HasPrefix(out.String(), tt.target+": ") {
				t.Errorf("printed %q", &out)
			}
		})
	}
}
