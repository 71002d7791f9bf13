package live

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/examples/shop/internal/observe"
	"github.com/afloat-go/afloat/examples/shop/system"
)

// rulesYAML is the rules file of the example.
const rulesYAML = "../../rules.yaml"

// watch runs a system in memory with visitors, and returns who looks at it. It must run
// inside a bubble, which visitors leave when the test ends.
func watch(t *testing.T) *view {
	t.Helper()
	records := &Records{}
	providers, err := observe.Start(t.Context(), observe.Config{Records: records})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := providers.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	sys, err := system.Start(t.Context(), system.Config{
		Network: system.InMemory{}, Folder: t.TempDir(), Rules: rulesYAML, Guarded: true, Observe: providers,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Stop(); err != nil {
			t.Error(err)
		}
	})
	v, err := newVisitors(sys)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() { defer close(left); v.run(ctx) }()
	t.Cleanup(func() { cancel(); <-left })
	return &view{system: sys, visitors: v, records: records}
}

func (s State) service(name string) Service {
	i := slices.IndexFunc(s.Services, func(s Service) bool { return s.Name == name })
	return s.Services[i]
}

func (s State) part(name string) Part {
	i := slices.IndexFunc(s.Page.Parts, func(p Part) bool { return p.Name == name })
	return s.Page.Parts[i]
}

// become makes users and payments sick, or well, and looks at the system a while later.
func (v *view) become(t *testing.T, s system.Sickness, while time.Duration) State {
	t.Helper()
	for _, name := range []string{"users", "payments"} {
		if err := v.system.Backend(name).Become(s); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(while)
	return v.look()
}

// Backends that become sick and well again are seen everywhere.
func TestStateFollowsTheSystem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := watch(t)
		time.Sleep(15 * time.Second)
		v.look() // the rates begin here
		wantWell(t, v.become(t, system.Well, 1950*time.Millisecond))
		wantSick(t, v.become(t, system.Failing, 15*time.Second+50*time.Millisecond)) // between two probes
		s := v.become(t, system.Well, 20*time.Second)
		if s.Pages.Full != 1 || s.service("users").Circuit.State != "closed" || s.Orders.Waiting != 0 {
			t.Errorf("all is well again, and the state is %+v", s)
		}
	})
}

func wantWell(t *testing.T, s State) {
	t.Helper()
	users := s.service("users")
	if users.Circuit.State != "closed" || users.Places.Limit != 64 || math.Abs(users.CallsPerSecond-10) > 1 {
		t.Errorf("users are %+v, circuit %+v, places %+v", users, users.Circuit, users.Places)
	}
	wantServers(t, s)
	if s.Pages.Full != 1 || s.Pages.PerSecond != 10 || len(s.Pages.History) < 10 {
		t.Errorf("pages = %+v", s.Pages)
	}
	if s.RulesFile != rulesYAML {
		t.Errorf("rules are in %q", s.RulesFile)
	}
	if s.part("users").State != "" || len(s.Events) != 0 || s.Orders.Placed == 0 || s.Orders.Charged != s.Orders.Placed {
		t.Errorf("part %+v, events %+v, orders %+v", s.part("users"), s.Events, s.Orders)
	}
}

func wantServers(t *testing.T, s State) {
	t.Helper()
	for _, name := range []string{"edge", "dashboard", "orders"} {
		if server := s.service(name); server.Own == nil || server.Own.Limit != 512 {
			t.Errorf("%s has the places %+v", name, server.Own)
		}
	}
	if board := s.service("dashboard"); board.Circuit.State != "closed" || board.Places.Limit != 512 {
		t.Errorf("the way to the dashboard has the circuit %+v, the places %+v", board.Circuit, board.Places)
	}
}

func wantSick(t *testing.T, s State) {
	t.Helper()
	wantCutOff(t, s.service("users"))
	if p := s.part("users"); p.State != "stale" || p.Reason == "" || p.Age < 10 || p.Age > 20 || p.Lines[0] != "User 1, Team A" {
		t.Errorf("the part of users is %+v", p)
	}
	if s.Pages.Partial != 1 || s.Pages.Failed != 0 || s.Orders.Accepted == 0 || s.Orders.Waiting != int(s.Orders.Accepted) {
		t.Errorf("pages %+v, orders %+v", s.Pages, s.Orders)
	}
	if len(s.Events) == 0 || !strings.Contains(s.Events[0].Text, "the circuit of /shop.v1.") || s.Events[0].Service == "" {
		t.Errorf("events = %+v", s.Events)
	}
}

func wantCutOff(t *testing.T, users Service) {
	t.Helper()
	if users.Sickness != "failing" || users.Circuit.State == "closed" || users.Refused == 0 {
		t.Errorf("users are %+v, circuit %+v", users, users.Circuit)
	}
	// An open circuit whose time is over waits for the next call.
	if in := users.Circuit.RetryIn; in < 0 || in > 1 || in > 0 && users.Circuit.State != "open" {
		t.Errorf("the circuit is %s, and a probe comes in %v s", users.Circuit.State, in)
	}
}

// ask makes a request of the page's handler.
func ask(t *testing.T, h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://"+host+path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const host = "127.0.0.1:8080"

// A browser leaves out the port that every page of http has.
func TestHostWithoutPort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		serves, asked string
		code          int
	}{
		{"127.0.0.1:80", "127.0.0.1", http.StatusOK},
		{"[::1]:80", "[::1]", http.StatusOK},
		{"127.0.0.1:8080", "127.0.0.1", http.StatusMisdirectedRequest},
		{"127.0.0.1:80", "", http.StatusMisdirectedRequest},
	} {
		w := ask(t, handler(tt.serves, &view{}, http.NotFoundHandler(), http.NotFoundHandler()), "GET", "/", "", "Host", tt.asked)
		if w.Code != tt.code {
			t.Errorf("%q at %s: %d; want %d", tt.asked, tt.serves, w.Code, tt.code)
		}
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := watch(t)
		guard, err := guardPage(v.system.Rules())
		if err != nil {
			t.Fatal(err)
		}
		h := handler(host, v, http.NotFoundHandler(), guard)
		for _, tt := range []struct {
			name, method, path, body string
			header                   []string
			code                     int
			says                     string
		}{
			{name: "page", method: "GET", path: "/", code: 200, says: `<script src="page.js" type="module">`},
			{name: "script", method: "GET", path: "/page.js", code: 200, says: "new EventSource"},
			{name: "no such file", method: "GET", path: "/../live.go", code: 307},
			{name: "another name", method: "GET", path: "/", header: []string{"Host", "evil.example"}, code: 421, says: `host = "evil.example"; must be 127.0.0.1:8080`},
			{name: "the guard", method: "GET", path: "/guard/", code: 200, says: "The dashboard&#39;s guard"},
			{name: "the guard's rules", method: "GET", path: "/guard/snapshot", code: 200, says: `shop/v1/users.proto: shop.v1.UserService`},
			{name: "a change of the guard without its token", method: "POST", path: "/guard/override", body: "{}", code: 403, says: "the token is not that of this page"},
			{name: "a switch", method: "POST", path: "/backends/alerts", body: `{"sickness": "slow"}`, code: 200, says: "slow"},
			{
				name: "a switch, from the page", method: "POST", path: "/backends/alerts", body: `{"sickness": "well"}`,
				header: []string{"Origin", "http://" + host, "Sec-Fetch-Site", "same-origin"}, code: 200, says: "well",
			},
			{
				name: "a switch, from elsewhere", method: "POST", path: "/backends/alerts", body: `{"sickness": "slow"}`,
				header: []string{"Origin", "http://evil.example"}, code: 403, says: "cross-origin",
			},
			{name: "a switch that there is not", method: "POST", path: "/backends/alerts", body: `{"sickness": "narrow"}`, code: 400, says: "alerts: sickness = narrow; must be one of [well hanging slow failing]"},
			{name: "a narrow database", method: "POST", path: "/backends/inventory", body: `{"sickness": "narrow"}`, code: 200, says: "narrow"},
			{name: "more visitors", method: "POST", path: "/visitors", body: `{"times": 8}`, code: 200, says: `{"times": 8}`},
			{name: "too many", method: "POST", path: "/visitors", body: `{"times": 9}`, code: 400, says: "live: times = 9; must be in [1, 8]"},
			{name: "none", method: "POST", path: "/visitors", body: `{}`, code: 400, says: "live: times = 0; must be in [1, 8]"},
			{name: "no number of visitors", method: "POST", path: "/visitors", body: `{"times": "many"}`, code: 400, says: `must be like {"times": 4}`},
			{
				name: "visitors, from elsewhere", method: "POST", path: "/visitors", body: `{"times": 1}`,
				header: []string{"Origin", "http://evil.example"}, code: 403, says: "cross-origin",
			},
			{name: "visitors by GET", method: "GET", path: "/visitors", code: 404},
			{name: "a switch by GET", method: "GET", path: "/backends/alerts", code: 404},
			{name: "no such backend", method: "POST", path: "/backends/weather", body: `{"sickness": "slow"}`, code: 404, says: `backend = "weather"`},
			{name: "no such sickness", method: "POST", path: "/backends/alerts", body: `{"sickness": "tired"}`, code: 400, says: `sickness = "tired"; must be well, hanging, failing, slow or narrow`},
			{name: "no JSON", method: "POST", path: "/backends/alerts", body: `sickness=slow`, code: 400, says: "must be like"},
			{name: "more than that", method: "POST", path: "/backends/alerts", body: `{"sickness": "slow", "for": 1}`, code: 400, says: "unknown field"},
			{name: "too much", method: "POST", path: "/backends/alerts", body: `{"sickness": "` + strings.Repeat("x", 2000) + `"}`, code: 400, says: "too large"},
		} {
			w := ask(t, h, tt.method, tt.path, tt.body, tt.header...)
			if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%s: %d, %.200s; want %d and %q", tt.name, w.Code, w.Body, tt.code, tt.says)
			}
			if csp := w.Header().Get("Content-Security-Policy"); tt.code != 421 && !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'") {
				t.Errorf("%s: policy %q", tt.name, csp)
			}
		}
		if s := v.system.Backend("alerts").Sickness(); s != system.Well {
			t.Errorf("in the end alerts are %v", s)
		}
		if n := v.visitors.times.Load(); n != 8 {
			t.Errorf("in the end %d times as many visitors come; want 8", n)
		}
	})
}

// The stream sends a state at once and then one every quarter of a second, until the
// client leaves; there are not more of them than there is room for.
func TestStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		s := &stream{look: func() State { looks++; return State{Page: Page{User: "<b>"}} }, room: make(chan struct{}, 1)}
		ctx, leave := context.WithCancel(t.Context())
		w := httptest.NewRecorder()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/events", nil))
		}()
		time.Sleep(time.Second + time.Millisecond)
		second := httptest.NewRecorder()
		s.ServeHTTP(second, httptest.NewRequestWithContext(t.Context(), "GET", "/events", nil))
		if second.Code != http.StatusServiceUnavailable {
			t.Errorf("a second stream: %d", second.Code)
		}
		leave()
		<-done
		events := strings.Split(strings.TrimSpace(w.Body.String()), "\n\n")
		if len(events) != 5 || looks != 5 || w.Header().Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%d events of %d looks, %v", len(events), looks, w.Header())
		}
		var got State
		if err := json.Unmarshal([]byte(strings.TrimPrefix(events[4], "data: ")), &got); err != nil || got.Page.User != "<b>" {
			t.Errorf("event %q: %v", events[4], err)
		}
	})
}

func TestAddressesThatOthersCanReach(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:0": true, "127.5.0.1:1": true,
		"0.0.0.0:8080": false, ":8080": false, "[::]:1": false, "192.0.2.1:80": false, "localhost:1": false, "": false,
	} {
		if err := CheckAddress(address); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
	if err := Run(t.Context(), Config{Address: ":8080"}, io.Discard); err == nil || !strings.Contains(err.Error(), "must be a loopback address") {
		t.Errorf("error = %v", err)
	}
}
