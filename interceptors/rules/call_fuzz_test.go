package rules_test

import (
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// FuzzCall resolves calls to any method and target, as a stranger makes them up: the
// closest rule applies, and no more is kept than the bound says.
func FuzzCall(f *testing.F) {
	const most = 8
	for _, m := range []string{
		method, "/shop.Catalog/Other", "/shop.Other/Get", "", "/", "//", "*", "/*", "shop.Catalog/Get", "/shop.Catalog/Get/",
		"/grpc.health.v1.Health/Check", "/shop.Catal\u043eg/Get", "/shop.Catalog/Get\u200b", "/\xff/\x00", "/" + strings.Repeat("x", 70_000) + "/y",
	} {
		f.Add(m, "dns:///abroad")
		f.Add(m, "\xff")
	}
	list, err := rules.New([]rules.Rule{
		rule("*"),
		{Match: "/shop.*", Policies: []rules.Template{template("package")}},
		{Match: "/shop.Catalog/*", Policies: []rules.Template{template("service")}},
		{Match: method, Policies: []rules.Template{template("method")}},
		{Match: method, Target: "dns:///abroad", Policies: []rules.Template{template("abroad")}},
	}, rules.WithMaxKeys(most))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, target string) {
		want := ""
		switch {
		case name == method && target == "dns:///abroad":
			want = "abroad"
		case name == method:
			want = "method"
		case strings.HasPrefix(name, "/shop.Catalog/") && strings.Count(name, "/") == 2:
			want = "service"
		case strings.HasPrefix(name, "/shop."):
			want = "package"
		}
		// Twice: found, and found again.
		for range 2 {
			got := labels(t, list.Resolve(&policy.Call{Method: strings.Clone(name), Target: target}))
			if got != want && (want != "" || got != "unguarded") {
				t.Fatalf("%q at %q is guarded by %q; want %q", name, target, got, want)
			}
		}
		n := 0
		for range list.All() {
			n++
		}
		if n > 2*most {
			t.Fatalf("%d keys are kept; want about %d at most", n, most)
		}
	})
}
