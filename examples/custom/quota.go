package custom

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// kind is the kind of quotas, in files, rejections and metrics.
const kind = "quota"

// ReasonUsedUp is the reason of a rejection by a quota.
const ReasonUsedUp policy.Reason = "QUOTA_USED_UP"

// Quotas returns the row by which a program registers quotas.
func Quotas() config.Kind[Config, *Quota] {
	return config.Kind[Config, *Quota]{
		Name: kind, New: New, Watches: true,
		Update: func(_ rules.Key, q *Quota, cfg Config) error { return q.Update(cfg) },
		Config: (*Quota).Config,
		Status: func(q *Quota) any { return q.Status() },
	}
}

// Config configures a quota.
type Config struct {
	// Calls is how many calls may start in a period. At least 1.
	Calls int `json:"calls"`
	// Per is the length of a period. At least a second. Default: a minute.
	Per time.Duration `json:"per"`
}

// check reports all faults of a configuration, with its default filled in.
func (c Config) check() (Config, error) {
	var faults []error
	if c.Per == 0 {
		c.Per = time.Minute
	}
	if c.Calls < 1 {
		faults = append(faults, &config.FieldError{Field: "calls", Problem: "must be at least 1"})
	}
	if c.Per < time.Second {
		faults = append(faults, &config.FieldError{Field: "per", Problem: "must be at least 1s"})
	}
	return c, errors.Join(faults...)
}

// Status is a quota at one moment.
type Status struct {
	// Used is how many calls have started in the period.
	Used int64 `json:"used"`
	// Until is when the period ends.
	Until time.Time `json:"until"`
}

// Quota lets through so many calls in each period. Periods begin with their first call.
type Quota struct {
	name   string
	shadow bool

	mu     sync.Mutex // guards what follows
	config Config
	used   int64
	until  time.Time
}

// New returns a quota for a key, or all faults of the configuration.
func New(key rules.Key, cfg Config) (*Quota, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	return &Quota{name: key.Name, shadow: key.Shadow, config: cfg}, nil
}

// Acquire admits the call, or refuses it if the period's calls are used up.
func (q *Quota) Acquire(_ context.Context, call *policy.Call) (policy.Permit, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	if !now.Before(q.until) {
		q.used, q.until = 0, now.Add(q.config.Per)
	}
	switch {
	case q.used < int64(q.config.Calls):
		q.used++
		return policy.Permit{}, nil
	case q.shadow:
		call.Notes |= policy.NoteShadowed
		return policy.Permit{}, nil
	default:
		return policy.Permit{}, &policy.Rejection{Kind: kind, Name: q.name, Method: call.Method, Reason: ReasonUsedUp, Retry: q.until}
	}
}

// Update changes the configuration. What is used of the period stays used.
func (q *Quota) Update(cfg Config) error {
	cfg, err := cfg.check()
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.config = cfg
	return nil
}

// Config returns the configuration in force.
func (q *Quota) Config() Config {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.config
}

// Status returns how much of the period is used.
func (q *Quota) Status() Status {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !time.Now().Before(q.until) {
		return Status{}
	}
	return Status{q.used, q.until}
}

// Gauges implements [policy.Gauged]. It shows how much of the period is used, and how
// much there is.
func (q *Quota) Gauges() policy.Gauges {
	status, cfg := q.Status(), q.Config()
	return policy.Gauges{Name: q.name, Shadow: q.shadow, All: []policy.Gauge{
		{Name: "quota.used", Unit: "{call}", Description: "Calls that have started in the period.", Value: status.Used},
		{Name: "quota.limit", Unit: "{call}", Description: "Calls that may start in a period.", Value: int64(cfg.Calls)},
	}}
}

// Idle reports whether the quota can be made anew without loss.
func (q *Quota) Idle() bool { return q.Status().Used == 0 }
