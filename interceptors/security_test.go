package interceptors_test

import (
	"errors"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Every promise of SECURITY.md names tests that show it, and they are in the files that
// it says.
func TestPromisesOfSecurityHaveTests(t *testing.T) {
	t.Parallel()
	row := regexp.MustCompile(`(?m)^\| .*\|$`)
	named := regexp.MustCompile(`\[((?:Test|Fuzz)\w+)\]\(([^)]+)\)`)
	word := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`)
	rows := 0
	for _, r := range row.FindAllString(securityPage(t), -1) {
		if strings.HasPrefix(r, "| what holds |") {
			continue
		}
		rows++
		tests := named.FindAllStringSubmatch(r, -1)
		if words := word.FindAllString(r, -1); len(tests) == 0 || len(tests) != len(words) {
			t.Errorf("%d of the tests %v are links to their files: %s", len(tests), words, r)
		}
		for _, m := range tests {
			source, err := os.ReadFile(filepath.Join("..", m[2]))
			if err != nil || !strings.HasSuffix(m[2], "_test.go") {
				t.Errorf("%s: %v", m[0], err)
			} else if !strings.Contains("\n"+string(source), "\nfunc "+m[1]+"(") {
				t.Errorf("%s is not in %s", m[1], m[2])
			}
		}
	}
	if rows == 0 {
		t.Error("SECURITY.md promises nothing")
	}
}

// Every number that SECURITY.md gives a name, as in `degrade.MaxKeys` = 100, is that of
// the constant. A package is named by its folder.
func TestNumbersOfSecurityAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	page := securityPage(t)
	number := regexp.MustCompile("`([a-z][\\w/]*)\\.(\\w+)` = (\\w+)")
	found := number.FindAllStringSubmatch(page, -1)
	if all := strings.Count(page, "` = "); len(found) != all || all == 0 {
		t.Errorf("%d of %d numbers have the name of a constant", len(found), all)
	}
	for _, m := range found {
		got, err := constantOf(m[1], m[2])
		want := constant.MakeFromLiteral(m[3], token.INT, 0)
		if d, isDuration := time.ParseDuration(m[3]); isDuration == nil && want.Kind() == constant.Unknown {
			want = constant.MakeInt64(int64(d))
		}
		if err != nil || want.Kind() == constant.Unknown || !constant.Compare(got, token.EQL, want) {
			t.Errorf("%s.%s = %v, %v; the page says %s", m[1], m[2], got, err, m[3])
		}
	}
}

// securityPage returns SECURITY.md.
func securityPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// constantOf returns the value of a constant, exported or not, of the package in a
// folder below interceptors, or of this one. Its expression may be made of numbers, of
// other constants of the package and of time's units.
func constantOf(folder, name string) (constant.Value, error) {
	fset := token.NewFileSet()
	all, err := filepath.Glob(filepath.Join(strings.TrimPrefix(folder, "interceptors"), "*.go"))
	if err != nil {
		return constant.MakeUnknown(), err
	}
	var files []*ast.File
	for _, f := range all {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(fset, f, nil, parser.SkipObjectResolution)
		if err != nil {
			return constant.MakeUnknown(), err
		}
		files = append(files, parsed)
	}
	conf := types.Config{Importer: onlyTime{}, Error: func(error) {}, IgnoreFuncBodies: true}
	pkg, _ := conf.Check(path.Base(folder), fset, files, nil) // what needs other packages does not compile, and is not asked for
	if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok {
		return c.Val(), nil
	}
	return constant.MakeUnknown(), errors.New("no such constant")
}

// onlyTime imports the units of package time, and nothing else.
type onlyTime struct{}

func (onlyTime) Import(path string) (*types.Package, error) {
	if path != "time" {
		return nil, errors.New("not needed")
	}
	pkg := types.NewPackage(path, path)
	for name, d := range map[string]time.Duration{"Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour} {
		pkg.Scope().Insert(types.NewConst(token.NoPos, pkg, name, types.Typ[types.Int64], constant.MakeInt64(int64(d))))
	}
	pkg.MarkComplete()
	return pkg, nil
}
