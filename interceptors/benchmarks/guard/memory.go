package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/benchmarks/measure"
	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// memory measures how many bytes a guard keeps for each of 10,000 methods.
func memory(ctx context.Context, _ measure.Effort, p *measure.Page) error {
	l := load{admitted, 10_000, 1, true}
	ctx, cancel := l.caller(ctx)
	defer cancel()
	for _, peer := range l.guards()[1:] { // the first is there twice
		size, err := l.size(ctx, peer)
		if err != nil {
			return err
		}
		again, err := l.size(ctx, peer)
		if err != nil {
			return err
		}
		r := measure.Row{
			Measure: fmt.Sprintf("memory a method, at %d", l.methods), System: peer.Name, Format: "%.0f bytes",
			Measured: size, Noise: math.Abs(again - size), NS: math.NaN(), Allocs: math.NaN(),
		}
		if peer.Name == peers.NameAfloat {
			r.Goal = &measure.Goal{Most: 900}
		}
		p.Add(r)
	}
	return nil
}

// size returns how much the heap grows when each method has been called once.
func (l load) size(ctx context.Context, peer peers.Peer) (float64, error) {
	guard, err := peer.New(peers.Config{Places: 100, OpenFor: time.Hour})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", peer.Name, err)
	}
	methods := l.names()
	before := heap()
	for _, m := range methods {
		if err := guard(ctx, m, nil, nil, nil, succeed, grpc.StaticMethod()); err != nil {
			return 0, fmt.Errorf("%s: %w", peer.Name, err)
		}
	}
	grown := heap() - before
	runtime.KeepAlive(guard)
	runtime.KeepAlive(methods)
	return max(0, grown) / float64(l.methods), nil
}

// heap returns what is in use. The second collection frees what pools still held.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
