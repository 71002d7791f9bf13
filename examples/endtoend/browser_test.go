package endtoend_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var screenshot = flag.String("screenshot", "", "`file` for a picture of the page while backends are sick")

// browser is a tab of a real browser.
type browser struct {
	ctx context.Context // it is how chromedp names a tab

	mu     sync.Mutex
	faults []string
}

// open opens a tab that ends with the test, and notes everything that goes wrong in it.
func open(t *testing.T) *browser {
	t.Helper()
	path := need(t, "chromium")
	b := &browser{}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 1000),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(allocator, chromedp.WithListener(b.hear))
	t.Cleanup(cancel)
	b.do(t) // the browser lives as long as the context of the first call
	return b
}

// hear notes exceptions, errors of the console, and what the browser complains of.
func (b *browser) hear(event any) {
	var fault string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			fault = fmt.Sprintf("console: %s", e.Args[0].Value)
		}
	case *log.EventEntryAdded:
		fault = e.Entry.Text + " " + e.Entry.URL
	case *network.EventLoadingFailed:
		fault = "loading failed: " + e.ErrorText
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fault)
	}
}

func (b *browser) wantNoFaults(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		t.Errorf("the browser says: %s", fault)
	}
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// until waits until an expression of the page holds.
func (b *browser) until(t *testing.T, expression string) {
	t.Helper()
	poll := chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(patience), chromedp.WithPollingMutation())
	if err := chromedp.Do(b.ctx, poll); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("body")))
		t.Fatalf("never: %s: %v\n%s", expression, err, text)
	}
}

// press throws a switch of a backend.
func press(backend, sickness string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(fmt.Sprintf(`#backend-%s button[value=%q]`, backend, sickness)))
}

// textOf returns the text of an element, as an expression.
func textOf(selector string) string {
	return fmt.Sprintf("(document.querySelector(%q)?.textContent ?? '')", selector)
}

// A person opens the page, makes a backend hang and well again, and sees what its
// clients see.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	b, d := open(t), serve(t, nil)
	const (
		badge  = "#backend-recommendations .badge"
		marker = "#part-recommendations .badge"
	)
	b.do(t, chromedp.Navigate(d.url))
	b.until(t, textOf("#headline")+" === 'All is well.'")
	b.until(t, textOf(badge)+" === 'closed'")
	b.until(t, textOf("#part-users")+".includes('User 1')")

	b.do(t, press("recommendations", "hanging"))
	b.until(t, `document.querySelector('#backend-recommendations button[value="hanging"]').ariaPressed === "true"`)
	b.until(t, textOf(badge)+".startsWith('open')")
	b.until(t, textOf(marker)+".startsWith('substituted')")
	b.until(t, textOf("#headline")+" === 'Afloat without recommendations.'")
	b.until(t, textOf("#events")+".includes('RecommendationsService')")
	b.do(t, press("recommendations", "well"))
	b.until(t, textOf(badge)+" === 'closed'")
	b.until(t, textOf(marker)+" === ''")
	b.until(t, textOf("#headline")+" === 'All is well.'")
	b.wantNoFaults(t)
}

// In a window as narrow as a telephone nothing sticks out, and what has not changed is
// left alone when a new state comes, so that a person can select text.
func TestPageInANarrowWindow(t *testing.T) {
	t.Parallel()
	b, d := open(t), serve(t, nil)
	b.do(t, chromedp.EmulateViewport(360, 800), chromedp.Navigate(d.url))
	d.become(t, "users", "failing")
	b.until(t, textOf("#events")+".includes('went from closed to open')")
	b.until(t, `document.documentElement.scrollWidth <= 360 && [...document.querySelectorAll("main *")].every(
		(e) => e.getBoundingClientRect().right <= 360 - 10)`)
	d.become(t, "users", "well")
	b.until(t, textOf("#headline")+" === 'All is well.' && "+textOf("#part-users .badge")+" === ''")
	b.until(t, `(window.state = document.querySelector("#callers .chain"), window.part = document.querySelector("#part-users")) !== null`)
	b.until(t, "!window.state.isConnected") // the next one is shown
	b.until(t, "window.part.isConnected")
	b.wantNoFaults(t)
}

// A person makes the inventory narrow and, by the keyboard, lets a crowd come: what matters
// least is refused. The slider is where the person put it, whatever states come meanwhile.
func TestMoreVisitors(t *testing.T) {
	t.Parallel()
	b, d := open(t), serve(t, nil)
	b.do(t, chromedp.EmulateViewport(360, 800), chromedp.Navigate(d.url), press("inventory", "narrow"))
	b.until(t, `document.querySelector('#backend-inventory button[value="narrow"]').ariaPressed === "true"`)
	b.until(t, textOf("#backend-inventory .control")+".includes('refused by class: low 0 · medium 0 · high 0 · critical 0')")
	b.do(t, chromedp.SendKeys(chromedp.CSS("#times"), kb.End))
	b.until(t, textOf("#times-shown")+" === '8 times as many as usual'")
	b.until(t, "/by class: low [1-9][0-9]*/.test("+textOf("#backend-inventory .control")+")")
	b.until(t, `document.documentElement.scrollWidth <= 360 && document.querySelector("#times").value === "8" &&
		document.querySelector("#times").getAttribute("aria-valuetext") === "8 times as many as usual"`)
	b.accessible(t, "in a crowd")
	b.do(t, chromedp.SendKeys(chromedp.CSS("#times"), kb.Home))
	b.until(t, textOf("#times-shown")+" === 'as many as usual'")
	b.wantNoFaults(t)
}

// The picture of the page that the README shows.
func TestScreenshot(t *testing.T) {
	t.Parallel()
	if *screenshot == "" {
		t.Skip("no file is named for it")
	}
	b, d := open(t), serve(t, nil)
	b.do(t, chromedp.Navigate(d.url))
	b.until(t, `document.querySelectorAll("#figures rect").length > 3 * 30`) // half a minute
	for backend, sickness := range map[string]string{"recommendations": "hanging", "payments": "failing", "users": "failing"} {
		b.do(t, press(backend, sickness))
	}
	b.until(t, textOf("#headline")+" === 'Afloat without users, recommendations and payments.'")
	b.until(t, textOf("#order-figures")+".includes('waiting on disk4')")
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*screenshot, picture, 0o600); err != nil {
		t.Fatal(err)
	}
}

// hostile is a state of which every text is an attack.
const hostile = `{"pages": {"perSecond": 1, "full": 1, "partial": 0, "failed": 0, "p50": 1, "p99": 1, "history": []},
	"services": [{"name": "<img src=x onerror=alert(1)>", "calledBy": "<b>b</b>", "sickness": "well", "callsPerSecond": 1,
		"sicknesses": ["<b>well</b>"], "circuit": {"state": "<i>open</i>", "retryIn": 0}, "places": null, "refused": 0,
		"control": {"inFlight": 1, "limit": 2, "waiting": 0, "pressure": 0.5, "refused": [{"class": "<i>low</i>", "calls": 1}]}}],
	"visitors": {"times": 1, "most": 8},
	"page": {"user": "u", "team": "t", "error": "", "parts": [
		{"name": "<script>alert(1)</script>", "state": "<u>stale</u>", "reason": "<u>r</u>", "age": 0, "lines": ["<svg onload=alert(1)>"]}]},
	"orders": {"placed": 0, "charged": 0, "accepted": 0, "refused": 0, "waiting": 0},
	"rulesFile": "<em>f</em>",
	"events": [{"at": "<p>now</p>", "level": "WARN\" onclick=\"alert(1)", "service": "<a href=x>s</a>", "text": "<iframe src=x></iframe>"}]}`

// Names of methods and of users are whatever somebody made up: they are shown as they
// are, and nothing more.
func TestHostileTextIsText(t *testing.T) {
	t.Parallel()
	b, d := open(t), serve(t, nil)
	paused := chromedp.Events(b.ctx, fetch.RequestPaused)
	if _, err := chromedp.Call(b.ctx, fetch.Enable, fetch.EnableParams{
		Patterns: []*fetch.RequestPattern{{URLPattern: "*/events"}},
	}); err != nil {
		t.Fatal(err)
	}
	b.do(t, chromedp.Navigate(d.url))
	for e, err := range paused {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chromedp.Call(b.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{
			RequestID: e.RequestID, ResponseCode: http.StatusOK,
			ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "text/event-stream"}},
			Body:            []byte("retry: 1000000\ndata: " + strings.Join(strings.Fields(hostile), " ") + "\n\n"),
		}); err != nil {
			t.Fatal(err)
		}
		break
	}
	b.until(t, textOf("#events")+".includes('<iframe src=x></iframe>')")
	made, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](
		`document.querySelectorAll("main :is(img, script, iframe, a:not([href='guard/']), i, u, b, em, [onclick], [onload], [onerror])").length`))
	if err != nil || made != 0 {
		t.Errorf("%d elements were made of text, %v", made, err)
	}
	for selector, want := range map[string]string{
		"#page":     "<script>alert(1)</script>",
		"#backends": "<img src=x onerror=alert(1)>",
		"#rules":    "<em>f</em>",
	} {
		b.until(t, fmt.Sprintf("%s.includes(%q)", textOf(selector), want))
	}
}
