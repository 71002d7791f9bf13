package breaker_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

func rulesOf(templates ...rules.Template) []rules.Rule {
	return []rules.Rule{{Match: "*", Policies: templates}}
}

// underRules is the breaker of the method under rules, which can be changed.
func underRules(tb testing.TB, t rules.Template) (list *rules.Rules, now func() *breaker.Breaker) {
	tb.Helper()
	list, err := rules.New(rulesOf(t))
	if err != nil {
		tb.Fatal(err)
	}
	return list, func() *breaker.Breaker {
		b, ok := list.Resolve(&policy.Call{Method: method}).Policies()[0].(*breaker.Breaker)
		if !ok {
			tb.Fatal("no breaker")
		}
		return b
	}
}

// An open circuit stays open, and its open time runs on, whatever the rules say
// from now on.
func TestBreakersGoOnWhenRulesChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list, now := underRules(t, breaker.Each(exact(breaker.Config{OpenFor: 5 * time.Second})))
		b := now()
		do(t, b, inARow, errDown)
		next := exact(breaker.Config{OpenFor: time.Minute, SuccessesToClose: 1})
		if err := list.Apply(rulesOf(breaker.Each(next))); err != nil {
			t.Fatal(err)
		}
		if now() != b {
			t.Fatal("the method has another breaker")
		}
		wantState(t, b, breaker.Open)
		if got := b.Config(); got.OpenFor != time.Minute || got.Window != breaker.DefaultWindow {
			t.Errorf("Config() = %+v; want that of the change, with defaults", got)
		}
		probeDue(b)
		do(t, b, 1, nil)
		wantState(t, b, breaker.Closed)
	})
}

// The same configuration again changes nothing, a mode that was set by hand gives
// way to that of the rules.
func TestRulesDecideTheMode(t *testing.T) {
	t.Parallel()
	each := breaker.Each(breaker.Config{})
	list, now := underRules(t, each)
	do(t, now(), 3, errDown)
	for range 3 {
		if err := list.Apply(rulesOf(each)); err != nil {
			t.Fatal(err)
		}
	}
	if got := now().Snapshot(); got.Calls != 3 || got.ConsecutiveFailures != 3 {
		t.Errorf("%+v; want the three failures to be remembered", got)
	}
	if err := now().SetMode(breaker.AlwaysOpen); err != nil {
		t.Fatal(err)
	}
	if err := list.Apply(rulesOf(each)); err != nil {
		t.Fatal(err)
	}
	wantState(t, now(), breaker.Closed)
}

func TestRulesChangeTheClassifier(t *testing.T) {
	t.Parallel()
	notFoundFails := breaker.WithClassifier(func(err error) policy.Verdict {
		if policy.Code(err) == policy.Code(errNotFound) {
			return policy.Failure
		}
		return policy.Success
	})
	list, now := underRules(t, breaker.Each(breaker.Config{}))
	b := now()
	for _, step := range []struct {
		each rules.Template
		err  error
		want int
	}{
		{breaker.Each(breaker.Config{}, notFoundFails), errNotFound, 1},
		{breaker.Each(breaker.Config{OpenFor: time.Minute}, notFoundFails), errNotFound, 2},
		{breaker.Each(breaker.Config{OpenFor: time.Minute}), errDown, 3},
	} {
		if err := list.Apply(rulesOf(step.each)); err != nil {
			t.Fatal(err)
		}
		do(t, b, 1, step.err)
		if got := b.Snapshot().Failures; got != step.want || now() != b {
			t.Errorf("%d failures of the same breaker: %v; want %d", got, now() == b, step.want)
		}
	}
	update(t, b, breaker.Config{OpenFor: time.Hour}) // must keep the classifier
	do(t, b, 1, errNotFound)
	if got := b.Snapshot().Failures; got != 3 {
		t.Errorf("%d failures; want 3: not found is none any more", got)
	}
}

// Another name is another breaker, and so is what another package made.
func TestBreakersOfAnotherNameAreMadeAnew(t *testing.T) {
	t.Parallel()
	list, now := underRules(t, breaker.Each(breaker.Config{}))
	b := now()
	if err := list.Apply(rulesOf(breaker.Each(breaker.Config{}, breaker.WithName("mine")))); err != nil {
		t.Fatal(err)
	}
	if now() == b || now().Snapshot().Name != "mine" {
		t.Errorf("the breaker is %q; want one of the new name", now().Snapshot().Name)
	}
	if err := breaker.Each(breaker.Config{}).Update(rules.Key{}, nil); err == nil {
		t.Error("Update of no breaker = nil; want an error")
	}
}
