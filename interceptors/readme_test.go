package interceptors_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every snippet of Go and of proto in the README and in docs/ stands, word for
// word, in the file that is named above it, which a compiler checks.
func TestSnippetsOfDocsAreCompiled(t *testing.T) {
	t.Parallel()
	root := ".."
	docs, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(docs) == 0 {
		t.Fatalf("docs/ has %d files, %v", len(docs), err)
	}
	figures := []string{"scenarios.md", "comparison.md", "defaults.md", "proof.md"} // they have no code
	snippet := regexp.MustCompile("(?s)<!-- from (\\S+) -->\n```(?:go|proto|ts|python)\n(.*?)```")
	for _, doc := range append(docs, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		found := snippet.FindAllStringSubmatch(string(text), -1)
		if all := strings.Count(string(text), "```go") + strings.Count(string(text), "```proto") +
			strings.Count(string(text), "```ts\n") + strings.Count(string(text), "```python"); len(found) != all || all == 0 && !slices.Contains(figures, filepath.Base(doc)) {
			t.Errorf("%s: %d of %d snippets name the file they are from", doc, len(found), all)
		}
		for _, m := range found {
			source, err := os.ReadFile(filepath.Join(root, m[1]))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(source), m[2]) {
				t.Errorf("%s: not in %s:\n%s", doc, m[1], m[2])
			}
		}
	}
}

// Every link of the pages at the root and of docs/ to a file of this repository
// leads to one. What looks like a link in code is none.
func TestLinksOfDocsLeadSomewhere(t *testing.T) {
	t.Parallel()
	docs, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("(?s)```.*?```")
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, doc := range append(docs, filepath.Join("..", "README.md"), filepath.Join("..", "CONTRIBUTING.md"), filepath.Join("..", "SECURITY.md")) {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s: %v", doc, err)
			}
		}
	}
}
