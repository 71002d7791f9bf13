package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
)

// auditConfig says what an audit checks.
type auditConfig struct {
	// Most is how many calls may be in flight.
	Most int `json:"most"`
}

// audit is a policy that admits every call. It stands within the bulkhead of the same
// scope, counts what that lets through, and checks that each permit is settled once.
type audit struct {
	name  string
	books *audits
	most  atomic.Int64

	mu          sync.Mutex
	last        uint64
	outstanding map[uint64]string // the calls by their token
}

// Acquire implements policy.Policy.
func (a *audit) Acquire(_ context.Context, c *policy.Call) (policy.Permit, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	a.outstanding[a.last] = c.Method
	a.books.acquired.Add(1)
	if most := a.most.Load(); int64(len(a.outstanding)) > most {
		a.books.add("places", "%d calls behind a bulkhead of %d at most, %s, now %s", len(a.outstanding), most, a.name, c.Method)
	}
	return policy.Permit{Settler: a, Token: a.last}, nil
}

// Settle implements policy.Settler.
func (a *audit) Settle(token uint64, o *policy.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.outstanding[token]; !ok {
		a.books.add("settled", "a permit of %s was settled twice, now as %v: %v", a.name, o.Verdict, o.Err)
		return
	}
	delete(a.outstanding, token)
	a.books.settled.Add(1)
}

// Idle implements policy.Idler.
func (a *audit) Idle() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.outstanding) == 0
}

// Layer implements policy.Layered: it stands within all others, except faults.
func (*audit) Layer() policy.Layer { return policy.LayerCustom }

// audits are all audits of a run. It is safe for concurrent use.
type audits struct {
	*breaches

	acquired, settled atomic.Int64
}

// kind returns the row that lets rules files have audits.
func (b *audits) kind() config.KindOption {
	return config.WithKind(config.Kind[auditConfig, *audit]{
		Name: "audit",
		New: func(key rules.Key, cfg auditConfig) (*audit, error) {
			if cfg.Most < 1 {
				return nil, fmt.Errorf("audit: %w", &rules.FieldError{Field: "most", Value: cfg.Most, Allowed: "positive"})
			}
			a := &audit{name: key.Name, books: b, outstanding: map[uint64]string{}}
			a.most.Store(int64(cfg.Most))
			return a, nil
		},
		Update: func(_ rules.Key, a *audit, cfg auditConfig) error {
			a.most.Store(int64(cfg.Most))
			return nil
		},
	})
}

// check checks that all that was acquired has been settled.
func (b *audits) check() {
	if a, s := b.acquired.Load(), b.settled.Load(); a != s {
		b.add("settled", "%d permits, %d settled", a, s)
	}
}
