package breaker_test

import (
	"context"
	"testing"
	"time"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

func BenchmarkBreaker(b *testing.B) {
	for _, bb := range []struct {
		name string
		cfg  breaker.Config
		open bool
	}{
		{"closed", breaker.Config{}, false},
		{"closed by calls", breaker.Config{WindowCalls: 100}, false},
		{"closed with slow calls", breaker.Config{SlowAfter: time.Second}, false},
		{"open", breaker.Config{OpenFor: time.Hour}, true},
	} {
		br := newBreaker(b, bb.cfg)
		if bb.open {
			do(b, br, inARow, errDown)
		}
		chain, err := policy.NewChain([]policy.Policy{br})
		if err != nil {
			b.Fatal(err)
		}
		call := func() {
			a := policy.Begin()
			a.Call = policy.Call{Method: method}
			if _, err := chain.Admit(context.Background(), a); err == nil {
				a.Settle(nil)
			}
		}
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
		b.Run(bb.name+" parallel", func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					call()
				}
			})
		})
	}
}
