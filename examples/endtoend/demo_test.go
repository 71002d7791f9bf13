package endtoend_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// demo is the program as it is run by make demo-serve.
type demo struct {
	// url is where its page is.
	url string

	command *exec.Cmd
	errOut  *lines
}

// folder is where the program is, with its rules.
var folder = filepath.Join("..", "shop")

// built is where the program is put.
var built string

// program is built once for all tests, by the first that needs it.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "shop")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", path, ".")
	build.Dir = folder
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "afloat-shop-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(built)
	os.Exit(code)
}

// serve runs the program until the test ends, with more flags, and more variables in its
// environment.
func serve(t *testing.T, flags []string, env ...string) *demo {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context()) // it is stopped by the cleanup below
	flags = append([]string{"-serve", "127.0.0.1:0", "-data", t.TempDir()}, flags...)
	d := &demo{errOut: &lines{news: newNews()}, command: exec.CommandContext(ctx, path, flags...)}
	d.command.Dir = folder
	d.command.Env = append(os.Environ(), env...)
	d.command.Stderr = d.errOut
	out, err := d.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.stop(t) })
	first, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the program says nothing: %v\n%s", err, d.errOut)
	}
	d.url = strings.TrimSpace(first)
	return d
}

// stop interrupts the program, which must end well, and may be called again.
func (d *demo) stop(t *testing.T) {
	t.Helper()
	if d.command.ProcessState == nil {
		interrupt(t, d.command, d.errOut)
	}
}

// interrupt interrupts a program, which must end well.
func interrupt(t *testing.T, command *exec.Cmd, said *lines) {
	t.Helper()
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("%s ended with %v\n%s", command.Path, err, said)
	}
}

// send sends a request, with the token of a page if it has one, and returns the answer, which
// must be good.
func (d *demo) send(t *testing.T, method, path, body, token string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("X-Afloat-Token", token)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", answer.Status, text, err)
	}
	return string(text)
}

// override changes the guard of the dashboard as its page does.
func (d *demo) override(t *testing.T, body string) {
	t.Helper()
	_, token, _ := strings.Cut(d.send(t, http.MethodGet, "/guard/", "", ""), `name="afloat-token" content="`)
	token, _, _ = strings.Cut(token, `"`)
	d.send(t, http.MethodPost, "/guard/override", body, token)
}

// become makes a backend sick, or well.
func (d *demo) become(t *testing.T, backend, sickness string) {
	t.Helper()
	d.send(t, http.MethodPost, "/backends/"+backend, fmt.Sprintf(`{"sickness": %q}`, sickness), "")
}

// lines is what a program writes, for who waits for a line.
type lines struct {
	news *news
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (n int, err error) {
	l.news.change(func() { n, err = l.text.Write(p) })
	return n, err
}

func (l *lines) String() string {
	l.news.mu.Lock()
	defer l.news.mu.Unlock()
	return l.text.String()
}

// await waits for a line that has all the words.
func (l *lines) await(t *testing.T, words ...string) {
	t.Helper()
	l.news.await(t, "a line with "+strings.Join(words, " and "), func() bool {
		for line := range strings.Lines(l.text.String()) {
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return true
			}
		}
		return false
	})
}

// need returns where a program is, or ends the test: as failed if programs are
// required.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("AFLOAT_REQUIRE_PROGRAMS") == "1":
		t.Fatalf("%s is required: %v", name, err)
	default:
		t.Skipf("%s is not here: %v", name, err)
	}
	return ""
}
