package interceptors_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every Go snippet of the README stands, word for word, in the file that the
// README names above it, which the compiler checks.
func TestReadmeSnippetsAreCompiled(t *testing.T) {
	t.Parallel()
	root := ".."
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	snippet := regexp.MustCompile("(?s)<!-- from (\\S+) -->\n```go\n(.*?)```")
	found := snippet.FindAllStringSubmatch(string(readme), -1)
	if all := strings.Count(string(readme), "```go"); len(found) != all || all == 0 {
		t.Fatalf("%d of %d snippets name the file they are from", len(found), all)
	}
	for _, m := range found {
		source, err := os.ReadFile(filepath.Join(root, m[1]))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(source), m[2]) {
			t.Errorf("not in %s:\n%s", m[1], m[2])
		}
	}
}
