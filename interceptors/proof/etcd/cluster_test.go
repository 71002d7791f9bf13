package etcd_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

// cluster has three members, each with its folder and addresses, which outlive it.
type cluster struct {
	configs []func() *embed.Config
	running []*embed.Etcd
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	const n = 3
	c := &cluster{running: make([]*embed.Etcd, n)}
	peers, clients := make([]url.URL, n), make([]url.URL, n)
	var initial []string
	for i := range n {
		peers[i] = url.URL{Scheme: "http", Host: trial.FreeAddress(t)}
		clients[i] = url.URL{Scheme: "http", Host: trial.FreeAddress(t)}
		initial = append(initial, "m"+strconv.Itoa(i)+"="+peers[i].String())
	}
	for i := range n {
		folder := t.TempDir()
		c.configs = append(c.configs, func() *embed.Config {
			cfg := embed.NewConfig()
			cfg.Name, cfg.Dir, cfg.LogLevel = "m"+strconv.Itoa(i), folder, "panic"
			cfg.ListenClientUrls, cfg.AdvertiseClientUrls = clients[i:i+1], clients[i:i+1]
			cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = peers[i:i+1], peers[i:i+1]
			cfg.InitialCluster = strings.Join(initial, ",")
			cfg.UnsafeNoFsync = true // a shared disk is not what is tried
			cfg.WatchProgressNotifyInterval = time.Second
			return cfg
		})
	}
	t.Cleanup(func() {
		for i := range n {
			c.stop(i)
		}
	})
	for i := range n {
		c.start(t, i)
	}
	c.ready(t)
	return c
}

// start starts a member; it is ready once most of them are there.
func (c *cluster) start(t *testing.T, i int) {
	t.Helper()
	member, err := embed.StartEtcd(c.configs[i]())
	if err != nil {
		t.Fatal(err)
	}
	c.running[i] = member
}

// ready waits until all members that run are ready.
func (c *cluster) ready(t *testing.T) {
	t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for _, member := range c.running {
		if member == nil {
			continue
		}
		select {
		case <-member.Server.ReadyNotify():
		case <-limit.C:
			t.Fatal("etcd is not ready after a minute")
		}
	}
}

func (c *cluster) stop(i int) {
	if c.running[i] != nil {
		c.running[i].Close()
		c.running[i] = nil
	}
}

// leader returns the member that leads.
func (c *cluster) leader(t *testing.T) int {
	t.Helper()
	for i, member := range c.running {
		if member != nil && uint64(member.Server.Leader()) == uint64(member.Server.MemberID()) {
			return i
		}
	}
	t.Fatal("nobody leads")
	return 0
}

// dial returns a client of all members.
func (c *cluster) dial(t *testing.T, g *trial.Guard) *clientv3.Client {
	t.Helper()
	var endpoints []string
	for _, cfg := range c.configs {
		endpoints = append(endpoints, cfg().ListenClientUrls[0].Host)
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: endpoints, Context: t.Context(), Logger: zap.NewNop(), DialTimeout: 20 * time.Second,
		DialOptions: append([]grpc.DialOption{}, g.DialOptions()...),
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
