package ratelimit_test

import (
	"testing"

	"github.com/afloat-go/afloat/interceptors/ratelimit"
)

func BenchmarkAcquire(b *testing.B) {
	for name, perSecond := range map[string]float64{"admitted": 1e9, "refused": 0.000001} {
		b.Run(name, func(b *testing.B) {
			l := newLimiter(b, ratelimit.Config{PerSecond: perSecond})
			b.ReportAllocs()
			for b.Loop() {
				_, _ = l.Acquire(b.Context(), new(call())) // either way is measured
			}
		})
		b.Run(name+" in parallel", func(b *testing.B) {
			l := newLimiter(b, ratelimit.Config{PerSecond: perSecond})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, _ = l.Acquire(b.Context(), new(call())) // as above
				}
			})
		})
	}
}
