package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config says where else than to OTLP and Prometheus things go.
type Config struct {
	// Records gets all log records besides. Nil: nothing does.
	Records slog.Handler
}

// Providers make what services need to be observed. It is not safe for concurrent
// use; what it makes is.
type Providers struct {
	cfg       Config
	exporters exporters
	registry  *prometheus.Registry
	services  map[string]*Service
}

// Start reads the environment and makes the exporters that it asks for. It connects
// to nothing yet.
func Start(ctx context.Context, cfg Config) (*Providers, error) {
	signals, err := asked()
	if err != nil {
		return nil, err
	}
	exporters, err := newExporters(ctx, signals, cfg.Records)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("observe: %w", err), once(exporters.shut(ctx)))
	}
	return &Providers{
		cfg: cfg, exporters: exporters, registry: prometheus.NewRegistry(), services: map[string]*Service{},
	}, nil
}

// Metrics answers Prometheus with the metrics of all services.
func (p *Providers) Metrics() http.Handler {
	return promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{})
}

// Shutdown sends what has not been sent, for as long as ctx allows, and ends
// everything.
func (p *Providers) Shutdown(ctx context.Context) error {
	var faults []error
	for _, s := range p.services {
		faults = append(faults, s.shut(ctx)...)
	}
	return once(append(faults, p.exporters.shut(ctx)...))
}

// once joins faults, each once: a receiver that is away is away for all services.
func once(faults []error) error {
	var distinct []error
	said := map[string]bool{}
	for _, fault := range faults {
		if fault != nil && !said[fault.Error()] {
			said[fault.Error()] = true
			distinct = append(distinct, fmt.Errorf("observe: shut down: %w", fault))
		}
	}
	return errors.Join(distinct...)
}
