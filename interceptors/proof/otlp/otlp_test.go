package otlp_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

const client = "OTLP exporter"

// receiver takes spans, or asks for less as collectors do.
type receiver struct {
	collector.UnimplementedTraceServiceServer

	throttles atomic.Bool
	batches   atomic.Int64
}

func (r *receiver) Export(context.Context, *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	if r.throttles.Load() {
		st, err := status.New(codes.ResourceExhausted, "too many spans").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(200 * time.Millisecond)})
		if err != nil {
			return nil, err
		}
		return nil, st.Err()
	}
	r.batches.Add(1)
	return &collector.ExportTraceServiceResponse{}, nil
}

// system is a receiver and an exporter.
type system struct {
	receiver *receiver
	replicas *trial.Replicas
	exporter *otlptrace.Exporter
}

func newSystem(t *testing.T, g *trial.Guard) *system {
	t.Helper()
	s := &system{receiver: new(receiver)}
	s.replicas = trial.NewReplicas(t, 2, func(server *grpc.Server) { collector.RegisterTraceServiceServer(server, s.receiver) })
	exporter, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithGRPCConn(s.replicas.Dial(t, g.DialOptions()...)),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{
			Enabled: true, InitialInterval: 100 * time.Millisecond, MaxInterval: 500 * time.Millisecond, MaxElapsedTime: time.Minute,
		}))
	if err != nil {
		t.Fatal(err)
	}
	s.exporter = exporter
	return s
}

// export exports one batch, and counts it.
func (s *system) export(ctx context.Context, f *trial.Finding, count *sync.Mutex) {
	err := s.exporter.ExportSpans(ctx, tracetest.SpanStubs{{Name: "work"}}.Snapshots())
	count.Lock()
	defer count.Unlock()
	f.Calls++
	if err != nil {
		f.Lost++
	}
}

// during exports a batch each tenth of a second, each on its own, until something is over. It
// notes how long after that all of them had arrived.
func (s *system) during(t *testing.T, f *trial.Finding, happen func()) {
	t.Helper()
	var count sync.Mutex
	var exports sync.WaitGroup
	done := make(chan struct{})
	go func() {
		defer close(done)
		happen()
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			over := time.Now()
			exports.Go(func() { s.export(t.Context(), f, &count) })
			exports.Wait()
			f.Again = time.Since(over)
			return
		case <-tick.C:
			exports.Go(func() { s.export(t.Context(), f, &count) })
		}
	}
}

func TestNormalLife(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	trial.Compare(t, client, "normal life", func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		newSystem(t, g).during(t, f, func() { trial.Wait(3 * time.Second) })
	}).Harmless(t)
}

func TestReceiverGoes(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	trial.Compare(t, client, fmt.Sprintf("the receiver goes for %v", trial.Break()), func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		s := newSystem(t, g)
		s.during(t, f, func() {
			trial.Wait(time.Second)
			s.replicas.Stop()
			trial.Wait(trial.Break())
			s.replicas.Start(t)
		})
	}).Recovered(t)
}

func TestRollingRestart(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	p := trial.Compare(t, client, "rolling restart", func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		s := newSystem(t, g)
		s.during(t, f, func() {
			trial.Wait(time.Second)
			s.replicas.Restart(t)
		})
	})
	p.Recovered(t)
	p.Harmless(t)
}

// A receiver that asks for less has said when to try again, and is not broken.
func TestReceiverThrottles(t *testing.T) { //nolint:paralleltest // Timed makes it so
	trial.Timed(t)
	p := trial.Compare(t, client, fmt.Sprintf("the receiver throttles for %v", trial.Break()), func(t *testing.T, g *trial.Guard, f *trial.Finding) {
		t.Helper()
		s := newSystem(t, g)
		s.during(t, f, func() {
			trial.Wait(time.Second)
			s.receiver.throttles.Store(true)
			trial.Wait(trial.Break())
			s.receiver.throttles.Store(false)
		})
	})
	p.Recovered(t)
	if !trial.Whole() && len(p.Guarded.Opened) > 0 { // half a minute of nothing else is as good as an outage
		t.Errorf("circuits opened: %q; want none", p.Guarded.Opened)
	}
}
