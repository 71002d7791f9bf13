package endtoend_test

import (
	"context"
	"net"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// received is all that came by OTLP.
type received struct {
	news    *news
	traces  map[string]trace // by trace id
	metrics []pmetric.ResourceMetrics
	logs    []plog.ResourceLogs
}

func newReceived() *received { return &received{news: newNews(), traces: map[string]trace{}} }

func (r *received) takeTraces(_ context.Context, all ptrace.Traces) error {
	r.news.change(func() {
		for _, resource := range all.ResourceSpans().All() {
			service, _ := resource.Resource().Attributes().Get("service.name")
			for _, scope := range resource.ScopeSpans().All() {
				for _, s := range scope.Spans().All() {
					id := s.TraceID().String()
					r.traces[id] = append(r.traces[id], span{s, service.Str()})
				}
			}
		}
	})
	return nil
}

func (r *received) takeMetrics(_ context.Context, all pmetric.Metrics) error {
	r.news.change(func() {
		for _, resource := range all.ResourceMetrics().All() {
			r.metrics = append(r.metrics, resource)
		}
	})
	return nil
}

func (r *received) takeLogs(_ context.Context, all plog.Logs) error {
	r.news.change(func() {
		for _, resource := range all.ResourceLogs().All() {
			r.logs = append(r.logs, resource)
		}
	})
	return nil
}

// receive runs the OTLP receiver of the OpenTelemetry collector at an address, and
// returns what stops it.
func (r *received) receive(t *testing.T, address string) (stop func()) {
	t.Helper()
	factory := otlpreceiver.NewFactory()
	cfg, ok := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	if !ok {
		t.Fatal("the receiver has another configuration")
	}
	at := configgrpc.NewDefaultServerConfig()
	at.NetAddr = confignet.AddrConfig{Endpoint: address, Transport: confignet.TransportTypeTCP}
	cfg.Protocols.GRPC = configoptional.Some(at)
	settings := receivertest.NewNopSettings(factory.Type())
	var parts []component.Component
	add := func(c component.Component, err error) {
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, c)
	}
	traces, _ := consumer.NewTraces(r.takeTraces)
	metrics, _ := consumer.NewMetrics(r.takeMetrics)
	logs, _ := consumer.NewLogs(r.takeLogs)
	add(factory.CreateTraces(t.Context(), settings, cfg, traces))
	add(factory.CreateMetrics(t.Context(), settings, cfg, metrics))
	add(factory.CreateLogs(t.Context(), settings, cfg, logs))
	for _, p := range parts {
		if err := p.Start(t.Context(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for _, p := range parts {
			if err := p.Shutdown(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}
	}
}

// freeAddress returns an address that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := lis.Close(); err != nil {
		t.Fatal(err)
	}
	return lis.Addr().String()
}
