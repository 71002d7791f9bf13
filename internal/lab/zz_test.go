package lab_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/internal/lab"
)

type zz struct {
	policy.NopObserver
	o policy.Observer
}

func (z zz) Transition(tr policy.Transition) {
	fmt.Println("   T", tr.At.Time().Format("05.000"), tr.From, tr.To, tr.Cause, tr.Calls, tr.Failures, tr.Slow, tr.Overdue)
	z.o.Transition(tr)
}

func TestZZ(t *testing.T) {
	rate, _ := strconv.Atoi(os.Getenv("RATE"))
	seed, _ := strconv.Atoi(os.Getenv("SEED"))
	for _, w := range lab.Worlds() {
		if w.Name != os.Getenv("WORLD") {
			continue
		}
		sys := lab.Policies("x", policy.Call{Method: "/lab.World/Call", Target: "lab"}, func(w *lab.World, name string, o policy.Observer) (*policy.Chain, error) {
			b, err := breaker.New(breaker.Config{}, breaker.WithName(name), breaker.WithObserver(zz{o: o}))
			if err != nil {
				return nil, err
			}
			return policy.NewChain([]policy.Policy{b})
		})
		v := &lab.View{Step: 20 * time.Millisecond}
		r, err := lab.Run(&w, sys, rate, uint64(seed), v)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range v.Moments {
			at := time.Duration(i) * v.Step
			if os.Getenv("SHOW") != "" && at >= v.Fault.From-100*time.Millisecond && at < v.Fault.To+3*time.Second && m.Sent > 0 {
				fmt.Println(at-v.Fault.From, m.Calls, m.Sent, m.Good, m.Slow)
			}
		}
		fmt.Printf("%+v\n", r.Slow)
	}
}
