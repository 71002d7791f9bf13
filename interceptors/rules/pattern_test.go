package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

const forms = `must be "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" or "*"`

func TestMalformedPatterns(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, match string }{
		{"empty", ""},
		{"no slash", "foo"},
		{"method without its slash", "shop.Catalog/Get"},
		{"package without its slash", "shop.*"},
		{"slash", "/"},
		{"two slashes", "//"},
		{"three slashes", "///"},
		{"service alone", "/shop.Catalog"},
		{"no method", "/shop.Catalog/"},
		{"no service", "//Get"},
		{"no service, any method", "//*"},
		{"three segments", "/a/b/c"},
		{"three segments, the last any", "/a/b/*"},
		{"slash at the end", "/a/b/"},
		{"any after a slash", "/*"},
		{"any service", "/*/Get"},
		{"any service, any method", "/*/*"},
		{"part of a package", "/shop*"},
		{"part of a service", "/shop.Cat*"},
		{"part of a method", "/shop.Catalog/Get*"},
		{"package of no name", "/.*"},
		{"any package below", "/shop.*.*"},
		{"package after a slash", "/shop/.*"},
		{"star within", "/shop.*.Catalog/Get"},
		{"two stars", "**"},
		{"two stars after a package", "/shop.**"},
		{"two stars after a service", "/shop.Catalog/**"},
		{"space before", " *"},
		{"space after", "* "},
		{"space before a method", " /shop.Catalog/Get"},
		{"space after a method", "/shop.Catalog/Get "},
		{"space in a service", "/shop Catalog/Get"},
		{"space in a package", "/sh op.*"},
		{"line break", "/shop.Catalog/Get\n"},
		{"tab", "/shop.\tCatalog/*"},
		{"carriage return", "/shop.Catalog/\rGet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := rules.New([]rules.Rule{rule(tt.match, template("x"))})
			if want := fmt.Sprintf("rules: match = %q; %s", tt.match, forms); err == nil || err.Error() != want {
				t.Errorf("error = %v; want %s", err, want)
			}
			if err := rules.CheckMatch(tt.match); err == nil || err.Error() != forms {
				t.Errorf("CheckMatch = %v; want %s", err, forms)
			}
		})
	}
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{
		"*", "/a.B/C", "/a.B/*", "/a.*", "/a.b.*", "", "/", "//", "/a/b/c", "/*", "**", "/.*", "/grpc.health.v1.Health/*",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, match string) {
		r, err := rules.New([]rules.Rule{rule(match, template("x"))})
		if err != nil {
			if !strings.Contains(err.Error(), fmt.Sprintf("match = %q", match)) || !strings.Contains(err.Error(), forms) {
				t.Fatalf("error = %v; want it to name match, its value and the forms", err)
			}
			return
		}
		// What a pattern stands for, it also matches: with a name in place of its
		// star, and as it is.
		for _, m := range []string{match, strings.Replace(match, "*", "x", 1)} {
			if got := labels(t, r.Resolve(&policy.Call{Method: m})); got != "x" {
				t.Errorf("under %q, %q is %s; want it guarded", match, m, got)
			}
		}
		if _, err := rules.New(append(twice(match), rule("*"))); err == nil {
			t.Errorf("%q may stand in two rules", match)
		}
	})
}
