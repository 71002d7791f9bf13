package endtoend_test

import (
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Everything that the program says of itself comes to a receiver of OTLP: while one
// backend fails, and after the receiver was away for a while. The exporters' own calls
// are guarded like any other, and come back by themselves.
func TestOTLP(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	r := newReceived()
	stop := r.receive(t, address)
	d := serve(t, nil, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+address,
		"OTEL_BSP_SCHEDULE_DELAY=100", "OTEL_BLRP_SCHEDULE_DELAY=100", "OTEL_METRIC_EXPORT_INTERVAL=500")
	d.become(t, "metrics", "failing")
	wantTree(t, r)
	wantMetrics(t, r)
	wantLogs(t, r)

	stop()
	d.errOut.await(t, "service=exporters", "from=closed", "to=open")
	again := newReceived()
	stop = again.receive(t, address)
	defer stop()
	d.errOut.await(t, "service=exporters", "to=closed")
	wantTree(t, again)
	wantMetrics(t, again)
	d.stop(t)
}

// wantTree waits for the trace of a page that came without its series, from the client
// to the leaves, and with the call in it that was not made.
func wantTree(t *testing.T, r *received) {
	t.Helper()
	const method = "shop.v1.MetricsService/ListSeries"
	var whole trace
	var refused span
	r.news.await(t, "a whole trace with a refused call", func() bool {
		for _, tr := range r.traces {
			s, ok := tr.find("dashboard", method, ptrace.SpanKindClient)
			if ok && s.text("error.type") == "circuit_open" && tr.tree() {
				whole, refused = tr, s
				return true
			}
		}
		return false
	})
	if got, want := whole.way(refused), []string{
		"client shop.v1.EdgeService/GetHome", "edge shop.v1.EdgeService/GetHome",
		"edge GetHome dashboard", "edge shop.v1.DashboardService/GetDashboard",
		"dashboard shop.v1.DashboardService/GetDashboard", "dashboard GetDashboard series",
		"dashboard " + method,
	}; !slices.Equal(got, want) {
		t.Errorf("the way to the refused call:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if refused.Status().Code() != ptrace.StatusCodeError || refused.text("afloat.rejection.reason") != "circuit_open" ||
		refused.text("rpc.response.status_code") != "UNAVAILABLE" {
		t.Errorf("the refused call: %v, %v", refused.Status().Code(), refused.Attributes().AsRaw())
	}
	for _, c := range []struct{ service, method, says string }{
		{"dashboard", "shop.v1.DashboardService/GetDashboard", `["series missing circuit_open"]`},
		{"edge", "shop.v1.EdgeService/GetHome", `["dashboard.series missing circuit_open"]`},
		{"users", "shop.v1.UserService/GetUser", ""},
		{"activity", "shop.v1.ActivityService/TailActivity", ""},
	} {
		s, ok := whole.find(c.service, c.method, ptrace.SpanKindServer)
		if !ok || s.text("afloat.degraded.fields") != c.says {
			t.Errorf("%s of %s is there: %v, and says %q of its fields; want %q", c.method, c.service, ok, s.text("afloat.degraded.fields"), c.says)
		}
	}
}

// wantMetrics waits for the dashboard's circuit of the metrics to be open.
func wantMetrics(t *testing.T, r *received) {
	t.Helper()
	r.news.await(t, "the metric of an open circuit", func() bool {
		return slices.ContainsFunc(r.metrics, func(m pmetric.ResourceMetrics) bool {
			service, _ := m.Resource().Attributes().Get("service.name")
			return service.Str() == "dashboard" && slices.ContainsFunc(pointsOf(m, "afloat.client.circuit_breaker.state"), isOpen)
		})
	})
}

func pointsOf(m pmetric.ResourceMetrics, name string) (points []pmetric.NumberDataPoint) {
	for _, scope := range m.ScopeMetrics().All() {
		for _, metric := range scope.Metrics().All() {
			if metric.Name() == name {
				for _, p := range metric.Sum().DataPoints().All() {
					points = append(points, p)
				}
			}
		}
	}
	return points
}

func isOpen(p pmetric.NumberDataPoint) bool {
	name, _ := p.Attributes().Get("afloat.policy.name")
	state, _ := p.Attributes().Get("afloat.circuit_breaker.state")
	return name.Str() == "/shop.v1.MetricsService/ListSeries" && state.Str() == "open" && p.IntValue() == 1
}

// wantLogs waits for the record that says that the circuit opened.
func wantLogs(t *testing.T, r *received) {
	t.Helper()
	r.news.await(t, "the record of a circuit that opened", func() bool {
		for _, resource := range r.logs {
			for _, scope := range resource.ScopeLogs().All() {
				for _, record := range scope.LogRecords().All() {
					if opened(record) {
						return true
					}
				}
			}
		}
		return false
	})
}

func opened(r plog.LogRecord) bool {
	name, _ := r.Attributes().Get("name")
	to, _ := r.Attributes().Get("to")
	return r.Body().AsString() == "circuit changed its state" && r.SeverityNumber() == plog.SeverityNumberWarn &&
		name.Str() == "/shop.v1.MetricsService/ListSeries" && to.Str() == "open"
}
