package lab_test

import (
	"fmt"
	"testing"
	"os"
	"strconv"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/internal/lab"
	"github.com/afloat-go/afloat/interceptors/policy"
)

type printing struct{ policy.Observer }

func (p printing) Transition(t policy.Transition) {
	p.Observer.Transition(t)
	at := func(i policy.Instant) float64 { return float64(i)/1e9 - 3600 }
	fmt.Printf("   %9.3f %s->%s %s calls=%d fail=%d slow=%d over=%d until %.3f\n", at(t.At), t.From, t.To, t.Cause, t.Calls, t.Failures, t.Slow, t.Overdue, at(t.Until))
}

func TestDebug(t *testing.T) {
	w := lab.MustFind(os.Getenv("W"))
	rate, _ := strconv.Atoi(os.Getenv("R"))
	n, _ := strconv.Atoi(os.Getenv("N"))
	s, err := lab.Take(&w, lab.Policies("breaker", func(_ *lab.World, name string, observer policy.Observer) (*policy.Chain, error) {
		b, err := breaker.New(breaker.Config{}, breaker.WithName(name), breaker.WithObserver(printing{observer}))
		if err != nil {
			return nil, err
		}
		return policy.NewChain([]policy.Policy{b})
	}), rate, n)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s {
		fmt.Printf("%+v\n", r)
	}
}
