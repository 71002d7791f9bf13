package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/benchmarks/peers"
)

// memory measures how many bytes a guard keeps for each of 10,000 methods.
func memory(ctx context.Context, _ effort, p *page) error {
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
		r := row{
			measure: fmt.Sprintf("memory a method, at %d", l.methods), guard: peer.Name, format: "%.0f bytes",
			measured: size, noise: math.Abs(again - size), ns: math.NaN(), allocs: math.NaN(),
		}
		if peer.Name == peers.NameAfloat {
			r.goal = &goal{most: 900}
		}
		p.rows = append(p.rows, r)
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
