package proxies_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

// proxy is how a proxy is run. Its configuration has the folder, its own address, and that of
// the server behind it; it waits for a second for what is silent, and answers 429 for Limited.
type proxy struct {
	name, config string
	args         func(file, folder string) []string
}

func proxies() []proxy {
	return []proxy{{"nginx", `
daemon off;
master_process off;
pid %[1]s/pid;
error_log /dev/null;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	server {
		listen %[2]s http2;
		location / { grpc_pass grpc://%[3]s; grpc_connect_timeout 1s; grpc_read_timeout 1s; }
		location /peer.Peer/Limited { return 429; }
	}
}
`, func(file, folder string) []string { return []string{"-c", file, "-p", folder, "-e", "/dev/null"} }}, {"haproxy", `
# %[1]s
defaults
	mode http
	timeout connect 1s
	timeout client 30s
	timeout server 1s
frontend front
	bind %[2]s proto h2
	http-request return status 429 if { path /peer.Peer/Limited }
	default_backend back
backend back
	retries 0
	server one %[3]s proto h2
`, func(file, _ string) []string { return []string{"-db", "-q", "-f", file} }}}
}

// start runs the proxy in front of an address, and returns its own.
func (p proxy) start(t *testing.T, upstream string) (address string) {
	t.Helper()
	var program string
	for _, candidate := range []string{p.name, "/usr/sbin/" + p.name} {
		if path, err := exec.LookPath(candidate); err == nil {
			program = path
		}
	}
	switch {
	case program != "":
	case os.Getenv("AFLOAT_REQUIRE_PROGRAMS") == "1":
		t.Fatalf("there is no %s", p.name)
	default:
		t.Skipf("there is no %s", p.name)
	}
	folder := t.TempDir()
	address = trial.FreeAddress(t)
	file := filepath.Join(folder, "config")
	if err := os.WriteFile(file, fmt.Appendf(nil, p.config, folder, address, upstream), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), program, p.args(file, folder)...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	limit := time.Now().Add(30 * time.Second)
	for {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
			return address
		}
		if time.Now().After(limit) {
			t.Fatalf("%s does not listen after 30 s", p.name)
		}
		trial.Wait(20 * time.Millisecond)
	}
}
