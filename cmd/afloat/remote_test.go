package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/afloat-go/afloat/interceptors/admin"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
)

const getUser = "/shop.Users/Get"

var errDown = status.Error(codes.Unavailable, "down")

// process is one that serves the admin service on this machine.
type process struct {
	*config.Set

	addr string
}

// startProcess starts one that authorises whoever has the token, or everybody if it is empty.
func startProcess(tb testing.TB, token string) process {
	tb.Helper()
	set, err := config.New(config.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		tb.Fatal(err)
	}
	server := grpc.NewServer()
	err = admin.Register(server, set, admin.WithLogger(slog.New(slog.DiscardHandler)), admin.WithAuthoriser(
		func(ctx context.Context, _ *adminv1.OverrideRequest) (string, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			if got := strings.Join(md.Get("authorization"), ""); token != "" && got != "Bearer "+token {
				return "", errors.New("no operator")
			}
			return "ada", nil
		}))
	if err != nil {
		tb.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	tb.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			tb.Error(err)
		}
	})
	p := process{set, listener.Addr().String()}
	for _, method := range []string{getUser, "/shop.Users/List", "/shop.Orders/Get"} {
		_ = p.call(method, nil)
	}
	return p
}

// call makes a call that ends with err, and returns why it was refused.
func (p process) call(method string, err error) error {
	a := policy.Begin()
	defer a.End()
	a.Call = policy.Call{Method: method, Target: "dns:///shop"}
	_, refused := p.Rules().Resolve(&a.Call).Admit(context.Background(), a)
	if refused == nil {
		a.Settle(err)
	}
	return refused
}

// run runs the command, whose address is that of the process.
func (p process) run(args ...string) (exit int, out, complaints string) {
	var o, c bytes.Buffer
	exit = run(append(args, "-addr", p.addr), stdio{strings.NewReader(""), &o, &c})
	return exit, o.String(), c.String()
}

// want runs the command and checks how it ends and what it prints.
func (p process) want(t *testing.T, exit int, args []string, texts ...string) string {
	t.Helper()
	got, out, complaints := p.run(args...)
	if got != exit {
		t.Errorf("%v: exit %d; want %d\n%s%s", args, got, exit, out, complaints)
	}
	for _, text := range texts {
		if !strings.Contains(out+complaints, text) {
			t.Errorf("%v printed:\n%s%s\nwant in it: %s", args, out, complaints, text)
		}
	}
	return out
}

// What operators do, from the first look to the end of the override.
func TestOperating(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "")
	p.want(t, exitGood, []string{"state"}, "KIND", getUser, "dns:///shop", "closed, 0 of 1 failed", "0 of 1024 places", "circuits: 3 closed", "overrides: 0")
	p.want(t, exitGood, []string{"state", "-check"})
	p.want(t, exitGood, []string{"explain", getUser, "-target", "dns:///shop"}, "The closest rule is *", "A call would be let in now.")
	for range 20 {
		_ = p.call(getUser, errDown)
	}
	p.want(t, exitFound, []string{"state", "-check"}, "open", "circuits: 2 closed, 1 open")
	p.want(t, exitFound, []string{"explain", getUser, "-target", "dns:///shop"}, "because of consecutive_failures", "A call would be refused now.")
	if out := p.want(t, exitGood, []string{"state", "-state", "open,forced_open"}); strings.Contains(out, "/shop.Orders/Get") {
		t.Errorf("printed:\n%s\nwant what is open alone", out)
	}
	p.want(t, exitGood, []string{"close", getUser, "-for", "1m", "-reason", "the backend is well", "-dry-run"}, "it would be for 1 policies", "breaker "+getUser+" at dns:///shop")
	if err := p.call(getUser, nil); err == nil {
		t.Error("it was only tried, and is in force")
	}
	p.want(t, exitGood, []string{"close", getUser, "-for", "1m", "-reason", "the backend is well"}, "done for 1 policies", "force_closed", "ada", "the backend is well")
	if err := p.call(getUser, nil); err != nil {
		t.Error(err)
	}
	p.want(t, exitGood, []string{"override"}, "ID", "force_closed", getUser)
	p.want(t, exitFound, []string{"state", "-overridden", "-check"}, getUser, "force_closed")
	p.want(t, exitGood, []string{"override", "end", "1"}, "force_closed")
	p.want(t, exitWrong, []string{"override", "end", "1"}, "none of that id is in force")
	p.want(t, exitGood, []string{"reset", "/shop.Users/*", "-reason", "a drill"}, "done for 2 policies")
	p.want(t, exitGood, []string{"trip", "-target", "dns:///shop", "-reason", "a drill"}, "done for 3 policies")
	p.want(t, exitGood, []string{"override", "disable", "-everything", "-for", "10s", "-reason", "all hands"}, "done for 5 policies", "everything")
	p.want(t, exitGood, []string{"override", "places", "-kind", "bulkhead", "-n", "7", "-for", "10s", "-reason", "room"}, "done for 1 policies", "set_places 7")
	p.want(t, exitGood, []string{"open", "-kind", "breaker", "-rule", "*", "-side", "client", "-for", "1h", "-reason", "moved"}, "breaker by rule * on the client side")
	p.want(t, exitFound, []string{"open", "/no.Such/*", "-for", "1m", "-reason", "a slip"}, "done for 0 policies", "no policy is meant now")
}

func TestOperatingInJSON(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "")
	out := p.want(t, exitGood, []string{"state", "-json", "Users", "-limit", "1"})
	var snapshot adminv1.SnapshotResponse
	if err := protojson.Unmarshal([]byte(out), &snapshot); err != nil || len(snapshot.GetPolicies()) != 1 || snapshot.GetTotals().GetPolicies() != 5 {
		t.Errorf("%v: %s", err, out)
	}
	out = p.want(t, exitGood, []string{"explain", "-json", getUser, "-target", "dns:///shop"})
	var explained adminv1.ExplainResponse
	if err := protojson.Unmarshal([]byte(out), &explained); err != nil || !explained.GetKnown() {
		t.Errorf("%v: %s", err, out)
	}
	out = p.want(t, exitGood, []string{"open", "-json", getUser, "-for", "1m", "-reason", "moved"})
	var done adminv1.OverrideResponse
	if err := protojson.Unmarshal([]byte(out), &done); err != nil || done.GetOverride().GetReason() != "moved" {
		t.Errorf("%v: %s", err, out)
	}
	p.want(t, exitGood, []string{"override", "list", "-json"}, `"reason":`)
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "secret")
	p.want(t, exitWrong, []string{"open", getUser, "-for", "1m", "-reason", "x"}, "no operator")
	p.want(t, exitWrong, []string{"open", getUser, "-for", "48h"}, "for = 48h0m0s; must be in [1s, 24h]", `reason = ""`)
	p.want(t, exitWrong, []string{"override", "places", getUser, "-for", "1m", "-reason", "x"}, "places = 0; must be in [1, 1000000]")
	p.want(t, exitFailed, []string{"open", "-for", "1m", "-reason", "x"}, "nothing is named")
	p.want(t, exitFailed, []string{"open", "a", "b", "-for", "1m"}, "2 names; must be one at most")
	p.want(t, exitFailed, []string{"override", "end"}, "0 ids; must be one")
	p.want(t, exitFailed, []string{"explain"}, "0 methods; must be one")
	p.want(t, exitFailed, []string{"state", "-state", "ajar"}, `"ajar"; must be closed`)
	p.want(t, exitFailed, []string{"state", "-side", "left"}, `"left"; must be client, server or local`)
	p.want(t, exitFailed, []string{"state", "-limit", "-1"}, "flag -limit = -1")
	p.want(t, exitFailed, []string{"state", "-timeout", "0s"}, "flag -timeout = 0s")
	p.want(t, exitFailed, []string{"state", "-ca", "remote_test.go"}, "must be a file with certificates")
	p.want(t, exitFailed, []string{"override", "shut"}, `command = "override shut"`)
	p.want(t, exitGood, []string{"open", "-h"}, "usage: afloat open")
	gone := process{p.Set, "127.0.0.1:1"}
	gone.want(t, exitFailed, []string{"state", "-timeout", "2s"}, "127.0.0.1:1: ")
	nowhere := process{p.Set, ""}
	nowhere.want(t, exitFailed, []string{"state"}, "must be an address, or AFLOAT_ADDR must be set")
}

// The address and the token come from the environment; a token is not sent in the clear to
// another machine.
func TestEnvironment(t *testing.T) {
	p := startProcess(t, "secret")
	t.Setenv(tokenVariable, "secret")
	p.want(t, exitGood, []string{"open", getUser, "-for", "1m", "-reason", "x"}, "done for 1 policies")
	elsewhere := process{p.Set, "example.org:9090"}
	elsewhere.want(t, exitFailed, []string{"state"}, "AFLOAT_TOKEN is set; must be sent by -tls")
	t.Setenv(addrVariable, p.addr)
	var out bytes.Buffer
	if exit := run([]string{"state"}, stdio{strings.NewReader(""), &out, io.Discard}); exit != exitGood || !strings.Contains(out.String(), getUser) {
		t.Errorf("exit %d: %s", exit, &out)
	}
	for _, tt := range []struct {
		line []string
		want string
	}{
		{[]string{"open", "/shop.Or"}, "/shop.Orders/*\n/shop.Orders/Get\n"},
		{[]string{"explain", "/shop.Or"}, "/shop.Orders/Get\n"},
		{[]string{"override", "end", ""}, "1\n"},
		{[]string{"open", "-addr", "127.0.0.1:1", "/shop.Or"}, ""},
	} {
		out.Reset()
		if exit := run(append([]string{"complete"}, tt.line...), stdio{strings.NewReader(""), &out, io.Discard}); exit != exitGood || out.String() != tt.want {
			t.Errorf("%q completes to %q; want %q", tt.line, &out, tt.want)
		}
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ line, want string }{
		{"st", "state\n"},
		{"override d", "disable\n"},
		{"rules ", "check\nsimulate\ntable\n"},
		{"override places -n", "-n\n"},
		{"state -side s", "server\n"},
		{"open /a.B/C -for 1", "15m\n1h\n1m\n"},
		{"completion ", "bash\nfish\nzsh\n"},
		{"no-such ", ""},
	} {
		var out bytes.Buffer
		if exit := run(append([]string{"complete"}, strings.Split(tt.line, " ")...), stdio{strings.NewReader(""), &out, io.Discard}); exit != exitGood || out.String() != tt.want {
			t.Errorf("%q completes to %q; want %q", tt.line, &out, tt.want)
		}
	}
	for shell := range scripts {
		var out bytes.Buffer
		if exit := run([]string{"completion", shell}, stdio{strings.NewReader(""), &out, io.Discard}); exit != exitGood || !strings.Contains(out.String(), "afloat complete") {
			t.Errorf("%s: exit %d, %q", shell, exit, &out)
		}
	}
	if exit := run([]string{"completion", "tcsh"}, stdio{strings.NewReader(""), io.Discard, io.Discard}); exit != exitFailed {
		t.Errorf("exit %d", exit)
	}
}

// Every flag of a command is offered.
func TestCompletionHasEveryFlag(t *testing.T) {
	t.Parallel()
	for command, offered := range flagsOf {
		if strings.HasPrefix(command, "rules") {
			continue
		}
		var complaints bytes.Buffer
		run(append(strings.Fields(command), "-h"), stdio{strings.NewReader(""), io.Discard, &complaints})
		n := 0
		for line := range strings.Lines(complaints.String()) {
			if name, ok := strings.CutPrefix(line, "  -"); ok {
				n++
				name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
				name, _, _ = strings.Cut(name, "\t")
				if !strings.Contains(" "+strings.Join(offered, " ")+" ", " -"+name+" ") {
					t.Errorf("%s: -%s is not offered", command, name)
				}
			}
		}
		if n != len(offered) {
			t.Errorf("%s: %d flags, %d are offered", command, n, len(offered))
		}
	}
}

// lines is an output whose lines somebody awaits.
type lines struct{ written chan string }

func (l lines) Write(p []byte) (int, error) {
	l.written <- string(p)
	return len(p), nil
}

// Changes are printed as they happen, until the command is interrupted.
func TestWatching(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "")
	ctx, interrupt := context.WithCancel(t.Context())
	out := lines{make(chan string, 100)}
	ended := make(chan int)
	go func() {
		ended <- runWatch(ctx, []string{"-addr", p.addr}, stdio{strings.NewReader(""), out, os.Stderr})
	}()
	next := func(want string) {
		t.Helper()
		select {
		case got := <-out.written:
			if !strings.Contains(got, want) {
				t.Errorf("printed %q; want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("nothing was printed; want %q", want)
		}
	}
	p.want(t, exitGood, []string{"open", "/shop.Orders/Get", "-for", "1m", "-reason", "moved"})
	// It is either among the first states or what happens then.
	next("force")
	for range 20 {
		_ = p.call(getUser, errDown)
	}
	for {
		select {
		case got := <-out.written:
			if !strings.Contains(got, "closed → open, because of consecutive_failures") {
				continue
			}
		case <-time.After(10 * time.Second):
			t.Fatal("the circuit that opened was not printed")
		}
		break
	}
	interrupt()
	if exit := <-ended; exit != exitGood {
		t.Errorf("exit %d", exit)
	}
}

// A service that is not what it should be drives no terminal.
func TestShown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", `a "b" \c`: `a "b" \c`, "a\x1b[31mb": `a\x1b[31mb`, "a\nb": `a\nb`, "\xff": `\xff`, "\u202e": `\u202e`, "né": "né",
	} {
		if got := shown(in); got != want {
			t.Errorf("shown(%q) = %q; want %q", in, got, want)
		}
	}
}
