package bulkhead_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

const (
	charge = "/shop.v1.Payments/Charge"
	refund = "/shop.v1.Payments/Refund"
	stock  = "/shop.v1.Inventory/Reserve"
)

func newRules(tb testing.TB, list ...rules.Rule) *rules.Rules {
	tb.Helper()
	r, err := rules.New(list)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// occupy makes a call to each method, each within the one before, and returns
// the error of the last.
func occupy(r *rules.Rules, methods ...string) error {
	if len(methods) == 0 {
		return nil
	}
	chain := r.Resolve(&policy.Call{Method: methods[0]})
	return chain.Run(context.Background(), methods[0], func(context.Context) error {
		return occupy(r, methods[1:]...)
	})
}

func wantRejection(tb testing.TB, err error, name, method string) {
	tb.Helper()
	r, ok := errors.AsType[*policy.Rejection](err)
	if !ok || !errors.Is(err, bulkhead.ErrFull) || r.Name != name || r.Method != method {
		tb.Errorf("err = %v; want %s of %s full", err, method, name)
	}
}

// Methods of several rules share one bulkhead, a compartment.
func TestSharedByMethods(t *testing.T) {
	t.Parallel()
	payments := newBulkhead(t, bulkhead.Config{MaxConcurrent: 2}, bulkhead.WithName("payments"))
	r := newRules(
		t,
		rules.Rule{Match: charge, Policies: []rules.Template{rules.Use(payments)}},
		rules.Rule{Match: "/shop.v1.Payments/*", Policies: []rules.Template{rules.Use(payments)}},
		rules.Rule{Match: "*", Policies: []rules.Template{bulkhead.Each(bulkhead.Config{MaxConcurrent: 1})}},
	)
	if err := occupy(r, charge, refund, stock); err != nil {
		t.Errorf("two payments and one of stock: %v", err)
	}
	wantRejection(t, occupy(r, charge, refund, charge), "payments", charge)
	wantRejection(t, occupy(r, charge, charge, stock, refund), "payments", refund)
	wantCounts(t, payments, 0, 0)
}

func TestEach(t *testing.T) {
	t.Parallel()
	one := bulkhead.Config{MaxConcurrent: 1}
	tests := []struct {
		name     string
		template rules.Template
		calls    []string
		// full is the name of the bulkhead that refuses the last call. Empty: all
		// are admitted.
		full string
	}{
		{"one per method", bulkhead.Each(one), []string{charge, refund, stock}, ""},
		{"method full", bulkhead.Each(one), []string{charge, refund, charge}, charge},
		{"one per service", bulkhead.Each(one).Per(rules.PerService), []string{charge, stock}, ""},
		{"service full", bulkhead.Each(one).Per(rules.PerService), []string{charge, refund}, "/shop.v1.Payments/"},
		{"target full", bulkhead.Each(one).Per(rules.PerTarget), []string{charge, stock}, "*"},
		{"named", bulkhead.Each(one, bulkhead.WithName("mine")), []string{charge, charge}, "mine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRules(t, rules.Rule{Match: "*", Policies: []rules.Template{tt.template}})
			err := occupy(r, tt.calls...)
			if tt.full != "" {
				wantRejection(t, err, tt.full, tt.calls[len(tt.calls)-1])
			} else if err != nil {
				t.Errorf("err = %v; want none", err)
			}
		})
	}
}

func TestEachReportsFaults(t *testing.T) {
	t.Parallel()
	faulty := bulkhead.Each(bulkhead.Config{MaxQueue: -1})
	if p, err := faulty.New(rules.Key{}); p != nil || err == nil {
		t.Errorf("New = %v, %v; want no policy and an error", p, err)
	}
	_, err := rules.New([]rules.Rule{{Match: "*", Policies: []rules.Template{faulty}}})
	for _, want := range []string{"max_concurrent = 0", "max_queue = -1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v; want one that says %q", err, want)
		}
	}
}

// A bulkhead stands between breakers and rate limits.
func TestLayer(t *testing.T) {
	t.Parallel()
	b := newBulkhead(t, bulkhead.Config{MaxConcurrent: 1})
	if got := b.Layer(); got != policy.LayerBulkhead {
		t.Errorf("Layer() = %v; want %v", got, policy.LayerBulkhead)
	}
}

// A bulkhead keeps its calls when the rules change, unless its name does.
func TestBulkheadsGoOnWhenRulesChange(t *testing.T) {
	t.Parallel()
	rule := func(cfg bulkhead.Config, opts ...bulkhead.Option) rules.Rule {
		return rules.Rule{Match: "*", Policies: []rules.Template{bulkhead.Each(cfg, opts...)}}
	}
	r := newRules(t, rule(bulkhead.Config{MaxConcurrent: 1}))
	now := func() *bulkhead.Bulkhead {
		b, ok := r.Resolve(new(call())).Policies()[0].(*bulkhead.Bulkhead)
		if !ok {
			t.Fatal("no bulkhead")
		}
		return b
	}
	b := now()
	take(t, b)
	want := queued(2, 3)
	if err := r.Apply([]rules.Rule{rule(want)}); err != nil {
		t.Fatal(err)
	}
	if now() != b || b.Config() != want {
		t.Errorf("the same: %v, with %+v; want the same with %+v", now() == b, b.Config(), want)
	}
	wantCounts(t, b, 1, 0)
	if err := r.Apply([]rules.Rule{rule(want, bulkhead.WithName("mine"))}); err != nil {
		t.Fatal(err)
	}
	if now() == b || now().Snapshot().Name != "mine" {
		t.Error("the bulkhead has kept its old name")
	}
}
