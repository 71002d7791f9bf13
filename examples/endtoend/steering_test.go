package endtoend_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/admin"
	"github.com/afloat-go/afloat/interceptors/admin/page"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

var pictures = flag.String("pictures", "", "`folder` for pictures of the page that operators have")

// manyKeys is how many methods the page has to show.
const manyKeys = 5000

// guarded is a process with a guard that has a lot to show, and its page.
type guarded struct {
	*config.Set

	url string
}

// call makes a call under the rules that ends with err, and returns why it was refused.
func (g guarded) call(method string, err error) error {
	a := policy.Begin()
	defer a.End()
	a.Call = policy.Call{Method: method, Target: "dns:///shop.internal:443"}
	_, refused := g.Rules().Resolve(&a.Call).Admit(context.Background(), a)
	if refused == nil {
		a.Settle(err)
	}
	return refused
}

// fail has calls of a method fail until its circuit is open.
func (g guarded) fail(method string) {
	for range 20 {
		_ = g.call(method, status.Error(codes.Unavailable, "down"))
	}
}

const (
	charge = "/shop.payments.v1.Payments/Charge"
	madeUp = "/shop.v1.<img src=x onerror=alert(1)>/<script>alert(1)</script>"
)

// operate serves the page of a process with many methods, to operators who may do everything
// unless it is read-only.
func operate(t *testing.T, readOnly bool) guarded {
	t.Helper()
	rulesFile := filepath.Join(t.TempDir(), "rules.yaml")
	text := "rules:\n- match: /shop.payments.*\n  breaker: {consecutive_failures: 10, open_for: 600s}\n  timeout: {max: 2s}\n  rate_limit: {per_second: 1000}\n"
	if err := os.WriteFile(rulesFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := config.New(config.WithFile(rulesFile), config.WithLogger(slog.New(slog.DiscardHandler)), config.WithPolicyOptions(rules.WithMaxKeys(2*manyKeys)))
	if err != nil {
		t.Fatal(err)
	}
	service, err := admin.New(set, admin.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	opts := []page.Option{page.WithTitle("The shop's guard"), page.WithHosts(listener.Addr().String())}
	if !readOnly {
		opts = append(opts, page.WithAuthoriser(func(*http.Request) (string, error) { return "ada", nil }))
	}
	handler, err := page.New(service, opts...)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.StripPrefix("/guard", handler))
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	g := guarded{set, server.URL + "/guard/"}
	for i := range manyKeys {
		_ = g.call(fmt.Sprintf("/shop.catalogue.v1.Service%d/Method%d", i%50, i), nil)
	}
	for _, method := range []string{charge, "/shop.payments.v1.Payments/Refund", madeUp} {
		_ = g.call(method, nil)
	}
	return g
}

// picture takes one of what is to be seen, if there is a folder for it.
func (b *browser) picture(t *testing.T, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	data, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, name+".png"), data, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}

// accessible has axe look at the page, which must find nothing.
func (b *browser) accessible(t *testing.T, when string) {
	t.Helper()
	axe := os.Getenv("AFLOAT_AXE")
	if axe == "" {
		if os.Getenv("AFLOAT_REQUIRE_PROGRAMS") != "" {
			t.Error("AFLOAT_AXE = \"\"; must be the path of axe.min.js")
		}
		t.Log("AFLOAT_AXE is not set: the page is not checked for accessibility")
		return
	}
	source, err := os.ReadFile(axe)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](string(source)+"; true")); err != nil {
		t.Fatal(err)
	}
	const run = `window.findings = null; axe.run(document, {resultTypes: ["violations"]}).then((r) => {
		window.findings = JSON.stringify(r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).slice(0, 3).join("; ")));
		document.documentElement.dataset.looked = String(Math.random());
	}, (e) => { window.findings = JSON.stringify([String(e)]); }); true`
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](run)); err != nil {
		t.Fatal(err)
	}
	b.until(t, "window.findings !== null")
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("window.findings"))
	if err != nil {
		t.Fatal(err)
	}
	var findings []string
	if err := json.Unmarshal([]byte(text), &findings); err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("%s, axe finds %s", when, f)
	}
}

// fill sets what a person would type into a field.
func fill(id, value string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS("#"+id), value)
}

// choose chooses an option as a person does.
func (b *browser) choose(t *testing.T, id, value string) {
	t.Helper()
	script := fmt.Sprintf(`(() => { const s = document.getElementById(%q); s.value = %q;
		s.dispatchEvent(new Event("input", {bubbles: true})); s.dispatchEvent(new Event("change", {bubbles: true})); return s.value === %q; })()`, id, value, value)
	ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script))
	if err != nil || !ok {
		t.Fatalf("%s has no %s: %v", id, value, err)
	}
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

// An operator finds a circuit among thousands, forces it, sees what happens and ends it, in a
// wide window and on a telephone, and axe finds nothing at any time.
func TestOperatorsPage(t *testing.T) {
	t.Parallel()
	for _, width := range []int64{1280, 360} {
		t.Run(strconv.FormatInt(width, 10), func(t *testing.T) {
			t.Parallel()
			b, g := open(t), operate(t, false)
			b.do(t, chromedp.EmulateViewport(width, 800), chromedp.Navigate(g.url))
			b.until(t, textOf("#headline")+" === 'All 5,003 circuits are closed.'")
			b.until(t, textOf("#found")+".startsWith('The first 100')")
			b.until(t, "document.querySelectorAll('#charts svg').length === 3")
			b.until(t, textOf("#rule-list")+".includes('rules.yaml:2')")
			b.accessible(t, "at first")
			b.picture(t, fmt.Sprintf("first-%d", width))

			g.fail(charge)
			b.until(t, "/1 (half )?open/.test("+textOf("#headline")+")")
			b.until(t, textOf("#event-list")+".includes('"+charge+" at dns:///shop.internal:443: closed → open, because of consecutive failures (')")
			b.choose(t, "state", "not-closed")
			b.until(t, "document.querySelectorAll('#policy-list li').length === 1")
			b.until(t, "/^(half )?open for /.test("+textOf("#policy-list .badge")+")")
			b.choose(t, "state", "")
			b.do(t, fill("text", "payments/charge"))
			b.until(t, "document.querySelectorAll('#policy-list li').length === 2") // with the rate limit
			b.until(t, "/usually within|next probe in|next call is a probe|% pass/.test("+textOf("#policy-list")+")")
			b.accessible(t, "with an open circuit")
			b.picture(t, fmt.Sprintf("open-%d", width))

			b.do(t, click("#policy-list li:first-child .name"))
			b.until(t, "document.getElementById('details').open")
			b.until(t, textOf("#words")+".includes('The closest rule is /shop.payments.*')")
			b.until(t, textOf("#words")+".includes('because of consecutive_failures')")
			b.choose(t, "action", "ACTION_FORCE_CLOSED")
			b.until(t, textOf("#meant")+" === 'This is for one policy.'")
			b.choose(t, "scope", "service")
			b.until(t, textOf("#meant")+" === 'This is for 2 policies.'")
			b.do(t, fill("reason", "the bank is well again"))
			b.accessible(t, "in the dialog")
			b.picture(t, fmt.Sprintf("dialog-%d", width))
			b.do(t, click("#apply"))
			b.until(t, "!document.getElementById('details').open")
			b.until(t, textOf("#override-list")+".includes('force closed: /shop.payments.v1.Payments/*')")
			b.until(t, textOf("#override-list")+".includes('the bank is well again (ada)')")
			b.until(t, textOf("#policy-list .override-of")+".startsWith('overridden: force closed')")
			if err := g.call(charge, nil); err != nil {
				t.Errorf("the circuit that is forced closed refuses: %v", err)
			}
			b.accessible(t, "with an override")
			b.picture(t, fmt.Sprintf("overridden-%d", width))

			b.do(t, click("#override-list button"))
			b.until(t, "!document.getElementById('no-overrides').hidden")
			b.until(t, textOf("#event-list")+".includes('Override 1 was ended by ada')")

			b.do(t, click("#kill"))
			b.until(t, textOf("#details-title")+" === 'Override everything'")
			b.until(t, textOf("#meant")+" === 'This is for 5,008 policies.'")
			b.do(t, fill("reason", "is it the guard?"), click("#apply"))
			b.until(t, textOf("#override-list")+".includes('disable: everything')")
			b.until(t, textOf("#headline")+".includes('5,003 disabled')")
			b.until(t, "document.documentElement.scrollWidth <= window.innerWidth")
			b.wantNoFaults(t)
		})
	}
}

// Everything can be reached and done by the keyboard alone, and what has the focus keeps it
// while new states come.
func TestOperatorsPageByKeyboard(t *testing.T) {
	t.Parallel()
	b, g := open(t), operate(t, false)
	b.do(t, chromedp.Navigate(g.url))
	b.until(t, textOf("#found")+".startsWith('The first 100')")
	press := func(keys string) { b.do(t, chromedp.KeyEvent(keys)) }
	focused := func(expression string) {
		b.until(t, "(() => { const e = document.activeElement; return "+expression+"; })()")
	}
	press("\t")
	focused("e.className === 'skip'")
	press("\r")
	focused("e.id === 'policies'")
	press("\t")
	focused("e.id === 'text'")
	b.do(t, chromedp.KeyEvent("refund"))
	b.until(t, "document.querySelectorAll('#policy-list li').length === 2")
	for range 4 {
		press("\t")
	}
	focused("e.className === 'name'")
	b.until(t, "(window.was = document.activeElement, window.turns = 0, new MutationObserver(() => window.turns++).observe(document.getElementById('charts'), {childList: true}), true)")
	b.until(t, "window.turns > 0") // another state has come
	focused("e === window.was")
	press("\r")
	b.until(t, "document.getElementById('details').open")
	b.until(t, textOf("#meant")+" !== ''")
	press("\x1b")
	b.until(t, "!document.getElementById('details').open")
	focused("e === window.was")
	b.wantNoFaults(t)
}

// Without an authoriser nothing is offered, and nothing is done.
func TestOperatorsPageReadOnly(t *testing.T) {
	t.Parallel()
	b, g := open(t), operate(t, true)
	b.do(t, chromedp.EmulateViewport(360, 800), chromedp.Navigate(g.url))
	b.until(t, textOf("#found")+".startsWith('The first 100')")
	b.until(t, "document.getElementById('kill') === null && document.getElementById('change') === null")
	b.do(t, fill("text", "<script>"))
	b.until(t, "document.querySelectorAll('#policy-list li').length === 1")
	b.until(t, textOf("#policy-list .name")+` === "`+madeUp+`"`)
	b.do(t, click("#policy-list .name"))
	b.until(t, textOf("#words")+".includes('A call would be let in now.')")
	b.until(t, textOf("#details-title")+` === "`+madeUp+`"`)
	made, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.querySelectorAll("body :is(img, script, iframe, [onerror])").length`))
	if err != nil || made != 0 {
		t.Errorf("%d elements were made of text, %v", made, err)
	}
	b.accessible(t, "read-only")
	b.wantNoFaults(t)
}

// In the dark nothing is too faint either.
func TestOperatorsPageInTheDark(t *testing.T) {
	t.Parallel()
	b, g := open(t), operate(t, false)
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	}); err != nil {
		t.Fatal(err)
	}
	b.do(t, chromedp.Navigate(g.url))
	g.fail(charge)
	b.until(t, "/1 (half )?open/.test("+textOf("#headline")+")")
	b.choose(t, "state", "not-closed")
	b.until(t, "document.querySelectorAll('#policy-list li').length === 1")
	b.accessible(t, "in the dark")
	b.picture(t, "dark")
	b.do(t, click("#policy-list .name"))
	b.until(t, textOf("#words")+".includes('because of consecutive_failures')")
	b.accessible(t, "in the dark, in the dialog")
	b.wantNoFaults(t)
}
