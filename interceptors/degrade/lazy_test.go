package degrade_test

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// carrier is a context that holds its scope itself.
type carrier struct {
	context.Context

	scope *degrade.LazyScope
}

func (c carrier) Value(key any) any {
	if v := c.scope.Value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}

func TestLazyScopeOfAWholeResponseKeepsPaths(t *testing.T) {
	t.Parallel()
	for whole, want := range map[bool]degrade.State{true: degrade.Intact, false: degrade.Partial} {
		scope := degrade.LazyScope{Whole: whole}
		degrade.Merge(carrier{t.Context(), &scope}, staleAt("avatar"))
		if r := scope.Close(); r.Len() != 1 || r.State("name") != want {
			t.Errorf("whole = %v: name is %v; want %v", whole, r.State("name"), want)
		}
	}
}

func TestLazyScopeIsMadeOnce(t *testing.T) {
	t.Parallel()
	scope := degrade.LazyScope{Whole: true}
	if scope.Made() || scope.Value("another key") != nil || scope.Made() {
		t.Fatal("made before anybody asked")
	}
	degrade.Merge(carrier{t.Context(), &scope}, staleAt("first"))
	degrade.Merge(carrier{t.Context(), &scope}, staleAt("second"))
	if r := scope.Close(); r.Len() != 2 || !scope.Made() {
		t.Errorf("%d of 2 reports are there", r.Len())
	}
	degrade.Merge(carrier{t.Context(), &scope}, staleAt("late"))
	if r := scope.Close(); r.Len() != 2 {
		t.Errorf("%d markers; want that what is late is not among them", r.Len())
	}
}

func TestLazyScopeIsMadeOnceForAllWhoAskAtOnce(t *testing.T) {
	t.Parallel()
	for range 5_000 {
		scope := degrade.LazyScope{Whole: true}
		var all sync.WaitGroup
		now := make(chan struct{})
		for i := range 4 {
			r := staleAt("f" + strconv.Itoa(i))
			all.Go(func() {
				<-now
				degrade.Merge(carrier{t.Context(), &scope}, r)
			})
		}
		close(now)
		all.Wait()
		if r := scope.Close(); r.Len() != 4 {
			t.Fatalf("%d of 4 reports are there", r.Len())
		}
	}
}

func TestLazyScopeThatNobodyAskedForIsComplete(t *testing.T) {
	t.Parallel()
	var scope degrade.LazyScope
	if r := scope.Close(); !r.Complete() || scope.Made() {
		t.Errorf("report = %v", r.Proto())
	}
}

func TestLazyScopeSaysWhatIsRequired(t *testing.T) {
	t.Parallel()
	for _, required := range []bool{false, true} {
		scope := degrade.LazyScope{Required: required}
		if got := degrade.CompleteRequired(carrier{t.Context(), &scope}); got != required {
			t.Errorf("required = %v; want %v", got, required)
		}
	}
}
