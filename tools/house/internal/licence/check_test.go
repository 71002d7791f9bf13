package licence_test

import (
	"archive/zip"
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/tools/house/internal/licence"
)

const isc = `Copyright 2020 Somebody

Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
`

// write writes files below the folder.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// program returns a root with the module app, a test of which imports a package of
// example.com/dep. That has the given files besides, and comes from a proxy.
func program(t *testing.T, dep map[string]string) string {
	t.Helper()
	root := t.TempDir()
	const mod = "module example.com/dep\n"
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	add := func(name, text string) {
		f, err := w.Create("example.com/dep@v1.0.0/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	add("go.mod", mod)
	add("copied/c.go", "package copied\n")
	for name, text := range dep {
		add(name, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "proxy/example.com/dep/@v"), map[string]string{
		"list": "v1.0.0\n", "v1.0.0.info": `{"Version":"v1.0.0"}`, "v1.0.0.mod": mod, "v1.0.0.zip": archive.String(),
	})
	write(t, filepath.Join(root, "app"), map[string]string{
		"go.mod":      "module example.com/app\n\ngo 1.26.0\n\nrequire example.com/dep v1.0.0\n",
		"app.go":      "package app\n",
		"app_test.go": "package app\n\nimport _ \"example.com/dep/copied\"\n",
	})
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(root)+"/proxy")
	t.Setenv("GOMODCACHE", filepath.Join(root, "cache"))
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOFLAGS", "-mod=mod -modcacherw")
	return root
}

func TestCheck(t *testing.T) { //nolint:paralleltest // it sets the environment of the go command
	const reason = " * a reason\n"
	for _, tt := range []struct { //nolint:paralleltest // the same
		name  string
		files map[string]string
		list  string
		want  string // the findings, a line each
	}{
		{"allowed", map[string]string{"LICENSE": isc}, "ISC" + reason, ""},
		{"allowed for the module", map[string]string{"LICENSE.txt": isc}, "ISC example.com/dep a reason", ""},
		{
			"allowed for another",
			map[string]string{"COPYING": isc},
			"ISC example.com/de a reason",
			"example.com/dep: ISC is not in the list\nlist, line 1: no dependency has ISC of example.com/de",
		},
		{"not allowed", map[string]string{"LICENSE": isc}, "# none\n", "example.com/dep: ISC is not in the list"},
		{"none", nil, "", "example.com/dep: no licence"},
		{"unknown", map[string]string{"LICENCE": "Do what I say."}, "", "example.com/dep: LICENCE is 0 % of a known licence; must be 75 %"},
		{
			"mixed with other terms",
			map[string]string{"LICENSE": isc + strings.Repeat("Nobody may use it on a Tuesday. ", 50)},
			"ISC" + reason,
			"example.com/dep: LICENSE is 25 % of a known licence; must be 75 %",
		},
		{
			"of a package",
			map[string]string{"LICENSE": "Unlicensed", "copied/LICENSE_list": isc},
			"",
			"example.com/dep: LICENSE is 0 % of a known licence; must be 75 %\nexample.com/dep/copied: ISC is not in the list",
		},
		{"of what is not compiled", map[string]string{"LICENSE": isc, "other/LICENSE": "Secret."}, "ISC" + reason, ""},
		{"source", map[string]string{"LICENSE": isc, "license.go": "package dep\n"}, "ISC" + reason, ""},
		{"stale", map[string]string{"LICENSE": isc}, "ISC" + reason + "\nMIT" + reason, "list, line 3: no dependency has MIT of *"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := licence.ParseList(tt.list)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			findings, err := licence.Check(t.Context(), program(t, tt.files), []string{"app"}, list, &out)
			if got := strings.Join(findings, "\n"); err != nil || got != tt.want {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
			has := strings.Contains(strings.Join(slices.Collect(maps.Values(tt.files)), ""), isc)
			if has != (out.String() == "ISC  1 modules\n") {
				t.Errorf("printed %q", &out)
			}
		})
	}
}

func TestListsNeedReasons(t *testing.T) {
	t.Parallel()
	_, err := licence.ParseList("# licences\n\nMIT *\n")
	if want := `line 3 = "MIT *"; must be a licence, a module or *, and a reason`; err == nil || err.Error() != want {
		t.Errorf("err = %v; want %s", err, want)
	}
}
