package share

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/metadata"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// ErrUsedUp is what refusals wrap: the tenant has its share of calls in flight.
var ErrUsedUp = errors.New("share: used up")

// Config says how large a share is.
type Config struct {
	// PerTenant is how many calls of one tenant may be in flight. Range [1, 10000].
	// Required.
	PerTenant int `json:"per_tenant"`
	// Shadow admits every call and notes those that would have been refused.
	Shadow bool `json:"shadow,omitempty"`
}

// validate returns an error if c is out of range.
func (c Config) validate() error {
	if c.PerTenant < 1 || c.PerTenant > 10000 {
		return fmt.Errorf("share: %w", &rules.FieldError{Field: "per_tenant", Value: c.PerTenant, Allowed: "in [1, 10000]"})
	}
	return nil
}

// Snapshot is a Share at one moment, for display.
type Snapshot struct {
	// Tenants is how many tenants have calls in flight, InFlight how many calls.
	Tenants  int `json:"tenants"`
	InFlight int `json:"in_flight"`
}

// Share caps the calls in flight of each tenant. The tenant is what the caller
// puts into the metadata "tenant"; calls that name none count as one tenant.
type Share struct {
	name   string
	usedUp policy.Refuser

	mu      sync.Mutex
	cfg     Config
	tenants map[string]*tenant // those with calls in flight
}

// New returns a Share. The name is for rejections.
func New(name string, cfg Config) (*Share, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Share{
		name:    name,
		usedUp:  policy.Refuser{Kind: kind, Reason: policy.ReasonBulkheadFull, Err: ErrUsedUp},
		cfg:     cfg,
		tenants: map[string]*tenant{},
	}, nil
}

// Acquire admits the call if its tenant has less than its share in flight.
func (s *Share) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	name := tenantOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tenants[name]
	if t == nil {
		t = &tenant{share: s, name: name}
		s.tenants[name] = t
	}
	if t.inFlight >= s.cfg.PerTenant {
		if !s.cfg.Shadow {
			return policy.Permit{}, s.usedUp.Refuse(call, s.name, time.Time{})
		}
		call.Notes |= policy.NoteShadowed
	}
	t.inFlight++
	return policy.Permit{Settler: t}, nil
}

// Update changes the configuration. Calls in flight stay.
func (s *Share) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg = cfg
	return nil
}

// Config returns the configuration in force.
func (s *Share) Config() Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg
}

// Snapshot returns how much of the shares is in use.
func (s *Share) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := Snapshot{Tenants: len(s.tenants)}
	for _, t := range s.tenants {
		snap.InFlight += t.inFlight
	}
	return snap
}

// Gauges implements [policy.Gauged]. It shows the tenants, and the size of a share.
func (s *Share) Gauges(g *policy.Gauges) {
	cfg, snap := s.Config(), s.Snapshot()
	g.Name, g.Shadow = s.name, cfg.Shadow
	g.All = append(g.All,
		policy.Gauge{Name: "share.tenants", Unit: "{tenant}", Description: "Tenants with calls in flight.", Value: int64(snap.Tenants)},
		policy.Gauge{Name: "share.limit", Unit: "{call}", Description: "Calls in flight that each tenant may have.", Value: int64(cfg.PerTenant)})
}

// Idle reports whether no call is in flight, so that s may be dropped when there
// are too many keys.
func (s *Share) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tenants) == 0
}

// tenant counts the calls in flight of one tenant, and settles them.
type tenant struct {
	share    *Share
	name     string
	inFlight int // guarded by share.mu
}

// Settle gives the call's place back. A tenant without calls is forgotten:
// strangers make up the names, so they must not add up.
func (t *tenant) Settle(uint64, *policy.Outcome) {
	t.share.mu.Lock()
	defer t.share.mu.Unlock()
	t.inFlight--
	if t.inFlight == 0 {
		delete(t.share.tenants, t.name)
	}
}

// tenantOf returns the tenant that the caller named, empty if it named none.
func tenantOf(ctx context.Context) string {
	if names := metadata.ValueFromIncomingContext(ctx, "tenant"); len(names) > 0 {
		return names[0]
	}
	return ""
}
