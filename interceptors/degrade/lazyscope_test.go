package degrade_test

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/lazyscope"
)

// carrier is a context that holds its scope itself.
type carrier struct {
	context.Context

	scope *lazyScope
}

type lazyScope = lazyscope.Scope[degrade.Scope]

func (c carrier) Value(key any) any {
	if key == (lazyscope.Key{}) {
		return c.scope
	}
	return c.Context.Value(key)
}

func TestLazyScopeOfAWholeResponseKeepsPaths(t *testing.T) {
	t.Parallel()
	for whole, want := range map[bool]degrade.State{true: degrade.Intact, false: degrade.Partial} {
		scope := lazyScope{Whole: whole}
		degrade.Merge(carrier{t.Context(), &scope}, staleAt("avatar"))
		if r := scope.Made().Close(); r.Len() != 1 || r.State("name") != want {
			t.Errorf("whole = %v: name is %v; want %v", whole, r.State("name"), want)
		}
	}
}

func TestLazyScopeIsMadeOnce(t *testing.T) {
	t.Parallel()
	scope := lazyScope{Whole: true}
	if c := (carrier{t.Context(), &scope}); scope.Made() != nil || c.Value("another key") != nil || scope.Made() != nil {
		t.Fatal("made before anybody asked")
	}
	degrade.Merge(carrier{t.Context(), &scope}, staleAt("first"))
	degrade.Merge(carrier{t.Context(), &scope}, staleAt("second"))
	if r := scope.Made().Close(); r.Len() != 2 || scope.Made() == nil {
		t.Errorf("%d of 2 reports are there", r.Len())
	}
	degrade.Merge(carrier{t.Context(), &scope}, staleAt("late"))
	if r := scope.Made().Close(); r.Len() != 2 {
		t.Errorf("%d markers; want that what is late is not among them", r.Len())
	}
}

func TestLazyScopeIsMadeOnceForAllWhoAskAtOnce(t *testing.T) {
	t.Parallel()
	for range 5_000 {
		scope := lazyScope{Whole: true}
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
		if r := scope.Made().Close(); r.Len() != 4 {
			t.Fatalf("%d of 4 reports are there", r.Len())
		}
	}
}

func TestLazyScopeSaysWhatIsRequired(t *testing.T) {
	t.Parallel()
	for _, required := range []bool{false, true} {
		scope := lazyScope{Required: required}
		if got := degrade.CompleteRequired(carrier{t.Context(), &scope}); got != required {
			t.Errorf("required = %v; want %v", got, required)
		}
	}
}
