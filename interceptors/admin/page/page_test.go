package page_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/admin"
	"github.com/afloat-go/afloat/interceptors/admin/page"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

const (
	host    = "guard.example"
	getUser = "/shop.Users/Get"
	open    = `{"scope": {"everything": true}, "reason": "a drill", "begin": {"action": "ACTION_FORCE_OPEN", "for": "60s"}}`
)

// site is a page and what it shows.
type site struct {
	*config.Set
	http.Handler
}

func newSite(tb testing.TB, opts ...page.Option) site {
	tb.Helper()
	quiet := slog.New(slog.DiscardHandler)
	set, err := config.New(config.WithLogger(quiet))
	if err != nil {
		tb.Fatal(err)
	}
	service, err := admin.New(set, admin.WithLogger(quiet))
	if err != nil {
		tb.Fatal(err)
	}
	handler, err := page.New(service, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	s := site{set, handler}
	_ = s.call()
	return s
}

// call makes a call and returns why it was refused.
func (s site) call() error {
	a := policy.Begin()
	defer a.End()
	a.Call = policy.Call{Method: getUser, Target: "dns:///users"}
	_, err := s.Rules().Resolve(&a.Call).Admit(context.Background(), a)
	return err
}

// ask sends a request and returns the answer.
func (s site) ask(r *http.Request) (code int, body string, header http.Header) {
	r.Host = host
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

// get fetches a path.
func (s site) get(tb testing.TB, path string) (code int, body string) {
	tb.Helper()
	code, body, _ = s.ask(httptest.NewRequestWithContext(tb.Context(), http.MethodGet, path, nil))
	return code, body
}

// token is that of the page.
func (s site) token(tb testing.TB) string {
	tb.Helper()
	_, body := s.get(tb, "/")
	m := regexp.MustCompile(`name="afloat-token" content="([^"]{20,})"`).FindStringSubmatch(body)
	if m == nil {
		tb.Fatalf("there is no token in %s", body)
	}
	return m[1]
}

// post asks for a change as the page does, but for what change does to the request.
func (s site) post(tb testing.TB, body string, change func(*http.Request)) (code int, answer string) {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/override", strings.NewReader(body))
	r.Header.Set("X-Afloat-Token", s.token(tb))
	r.Header.Set("Origin", "http://"+host)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if change != nil {
		change(r)
	}
	code, answer, _ = s.ask(r)
	return code, answer
}

func ada(*http.Request) (string, error) { return "ada", nil }

// Changes come from the page itself, with its token, and by whom the program authorises.
func TestChangesAreGuarded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts   []page.Option
		change func(*http.Request)
		body   string
		code   int
		want   string
	}{
		"read-only":         {nil, nil, open, http.StatusForbidden, "the program gives no authoriser"},
		"not for her":       {[]page.Option{page.WithAuthoriser(func(*http.Request) (string, error) { return "", errors.New("no operator") })}, nil, open, http.StatusForbidden, "no operator"},
		"no token":          {[]page.Option{page.WithAuthoriser(ada)}, func(r *http.Request) { r.Header.Del("X-Afloat-Token") }, open, http.StatusForbidden, "the token is not that of this page"},
		"another token":     {[]page.Option{page.WithAuthoriser(ada)}, func(r *http.Request) { r.Header.Set("X-Afloat-Token", "x") }, open, http.StatusForbidden, "the token"},
		"another origin":    {[]page.Option{page.WithAuthoriser(ada)}, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, open, http.StatusForbidden, ""},
		"an old browser":    {[]page.Option{page.WithAuthoriser(ada)}, func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "http://evil.example") }, open, http.StatusForbidden, ""},
		"not by POST":       {[]page.Option{page.WithAuthoriser(ada)}, func(r *http.Request) { r.Method = http.MethodGet }, open, http.StatusMethodNotAllowed, ""},
		"another host":      {[]page.Option{page.WithAuthoriser(ada), page.WithHosts("other.example")}, nil, open, http.StatusMisdirectedRequest, "must be one of those by WithHosts"},
		"no message":        {[]page.Option{page.WithAuthoriser(ada)}, nil, "{", http.StatusBadRequest, "body"},
		"a long one":        {[]page.Option{page.WithAuthoriser(ada)}, nil, strings.Repeat(" ", 40<<10) + open, http.StatusBadRequest, "too large"},
		"no reason":         {[]page.Option{page.WithAuthoriser(ada)}, nil, strings.Replace(open, "a drill", "", 1), http.StatusBadRequest, "reason"},
		"no such override":  {[]page.Option{page.WithAuthoriser(ada)}, nil, `{"end": {"id": "7"}}`, http.StatusNotFound, "none of that id"},
		"only to try it":    {nil, nil, strings.Replace(open, "{", `{"dryRun": true, `, 1), http.StatusOK, `"policies":1`},
		"as the page does":  {[]page.Option{page.WithAuthoriser(ada), page.WithHosts(host)}, nil, open, http.StatusOK, `"author":"ada"`},
		"from its very URL": {[]page.Option{page.WithAuthoriser(ada)}, func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, open, http.StatusOK, `"author":"ada"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, tt.opts...)
			token := ""
			if tt.code != http.StatusMisdirectedRequest {
				token = s.token(t)
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/override", strings.NewReader(tt.body))
			r.Header.Set("X-Afloat-Token", token)
			r.Header.Set("Origin", "http://"+host)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			if tt.change != nil {
				tt.change(r)
			}
			code, body, _ := s.ask(r)
			if code != tt.code || !strings.Contains(strings.ReplaceAll(body, " ", ""), strings.ReplaceAll(tt.want, " ", "")) {
				t.Errorf("%d, %s; want %d, %s", code, body, tt.code, tt.want)
			}
			if n := len(s.Rules().Steering().InForce()); n > 0 != (tt.code == http.StatusOK && strings.Contains(tt.want, "author")) {
				t.Errorf("%d overrides are in force", n)
			}
		})
	}
}

// The page loads nothing from elsewhere, and says so to the browser.
func TestNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, page.WithTitle(`</title><script>alert(1)</script>`))
	for path, kind := range map[string]string{"/": "text/html", "/page.js": "text/javascript", "/page.css": "text/css", "/icon.svg": "image/svg+xml", "/snapshot": "application/json"} {
		code, body, header := s.ask(httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		csp := header.Get("Content-Security-Policy")
		if code != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), kind) || header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %d, %v", path, code, header)
		}
		if strings.Contains(body, "<script>alert") {
			t.Errorf("%s has the title as it was given", path)
		}
		for _, elsewhere := range regexp.MustCompile(`(?:src|href)="(?:https?:)?//[^"]*"|url\([^)]*//|import .*from`).FindAllString(body, -1) {
			t.Errorf("%s loads %s", path, elsewhere)
		}
	}
	for _, path := range []string{"/static/", "/page.go", "/../page.go", "/index.html", "/nothing"} {
		if code, _ := s.get(t, path); code == http.StatusOK {
			t.Errorf("%s is served", path)
		}
	}
	if source, err := os.ReadFile(filepath.Join("static", "page.js")); err != nil || regexp.MustCompile(`innerHTML|insertAdjacentHTML|document\.write|eval\(`).Match(source) {
		t.Errorf("the script makes elements of text, %v", err)
	}
}

func TestSnapshotAndExplain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, want := range map[string]string{
		"/snapshot?text=users&kind=breaker&page_size=5&events=3":               `"name":"` + getUser + `"`,
		"/snapshot?state=STATE_CLOSED&side=SIDE_CLIENT&without_rules=1":        `"STATE_CLOSED"`,
		"/snapshot?without_policies=1":                                         `"match":"*"`,
		"/explain?method=" + getUser + "&target=dns:///users&side=SIDE_CLIENT": `would be let in now`,
	} {
		code, body := s.get(t, path)
		if code != http.StatusOK || !json.Valid([]byte(body)) || !strings.Contains(strings.ReplaceAll(body, `": "`, `":"`), want) {
			t.Errorf("%s: %d, %s; want %s", path, code, body, want)
		}
	}
	for path, want := range map[string]string{
		"/snapshot?page_size=x":                      "page_size",
		"/snapshot?page_size=99999":                  "page_size",
		"/snapshot?state=ajar":                       "state",
		"/snapshot?page_token=%00":                   "page_token",
		"/snapshot?text=" + strings.Repeat("x", 300): "filter.text",
		"/explain": "method",
	} {
		if code, body := s.get(t, path); code != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: %d, %s; want %s", path, code, body, want)
		}
	}
}

// The charts have the last ten minutes, and nobody pays for them who does not look.
func TestHistory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, page.WithAuthoriser(ada))
		history := func() (all []map[string]float64) {
			t.Helper()
			_, body := s.get(t, "/snapshot")
			var answer struct {
				History []map[string]float64 `json:"history"`
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatal(err)
			}
			return answer.History
		}
		if got := history(); len(got) != 1 {
			t.Errorf("%v; want one look", got)
		}
		if code, body := s.post(t, open, nil); code != http.StatusOK {
			t.Fatal(body)
		}
		for range 10 {
			_ = s.call()
		}
		time.Sleep(6 * time.Second)
		got := history()
		if len(got) != 3 || got[1]["notClosed"] != 1 || got[1]["refusedPerSecond"] != 2 || got[2]["refusedPerSecond"] != 0 {
			t.Errorf("%v; want an open circuit, and two calls refused a second", got)
		}
		time.Sleep(14 * time.Minute)
		if got := history(); len(got) != 121 {
			t.Errorf("%d samples; want those of ten minutes", len(got))
		}
		time.Sleep(time.Hour)
		if got := history(); len(got) != 1 {
			t.Errorf("%d samples; want that it begins anew", len(got))
		}
		time.Sleep(time.Hour)
	})
}

func TestNewChecks(t *testing.T) {
	t.Parallel()
	if _, err := page.New(nil); err == nil || !strings.Contains(err.Error(), "service = nil") {
		t.Errorf("error %v", err)
	}
	set, err := config.New(config.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	service, err := admin.New(set)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := page.New(service, nil); err == nil {
		t.Error("a nil option was taken")
	}
}
