package bulkhead_test

import (
	"testing"

	"github.com/afloat-go/afloat/interceptors/bulkhead"
)

func BenchmarkAcquire(b *testing.B) {
	roomy, full := bulkhead.Config{MaxConcurrent: 1000}, bulkhead.Config{MaxConcurrent: 1}
	benchmarks := []struct {
		name string
		cfg  bulkhead.Config
		held int
	}{
		{"admitted", roomy, 0},
		{"admitted with a queue", queued(1000, 10), 0},
		{"refused", full, 1},
	}
	for _, bb := range benchmarks {
		places := newBulkhead(b, bb.cfg)
		for range bb.held {
			take(b, places)
		}
		ctx := b.Context()
		one := func() {
			if p, err := places.Acquire(ctx, new(call())); err == nil {
				giveBack(p)
			}
		}
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				one()
			}
		})
		b.Run(bb.name+" in parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					one()
				}
			})
		})
	}
}
