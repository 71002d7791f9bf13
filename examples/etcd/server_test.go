package etcd_test

import (
	"net"
	"net/url"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// server is an etcd that can be stopped and started again on the same data and
// the same address.
type server struct {
	folder       string
	client, peer url.URL
	running      *embed.Etcd
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{folder: t.TempDir(), client: freeAddress(t), peer: freeAddress(t)}
	s.start(t)
	t.Cleanup(s.stop)
	return s
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t *testing.T) url.URL {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	return url.URL{Scheme: "http", Host: lis.Addr().String()}
}

func (s *server) start(t *testing.T) {
	t.Helper()
	cfg := embed.NewConfig()
	cfg.Dir = s.folder
	cfg.LogLevel = "panic"
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{s.client}, []url.URL{s.client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{s.peer}, []url.URL{s.peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	running, err := embed.StartEtcd(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.running = running
	select {
	case <-running.Server.ReadyNotify():
	case <-time.NewTimer(30 * time.Second).C:
		t.Fatal("etcd is not ready after 30s")
	}
}

func (s *server) stop() {
	if s.running != nil {
		s.running.Close()
		s.running = nil
	}
}
