package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/stats"
)

// attrKey is the key of an attribute.
type attrKey = attribute.Key

// spanCount counts spans, and knows those that have not ended. It is safe for concurrent
// use.
type spanCount struct {
	started, ended atomic.Int64
	running        sync.Map // of names, by the span's id
}

// OnStart implements trace.SpanProcessor.
func (c *spanCount) OnStart(_ context.Context, s trace.ReadWriteSpan) {
	c.started.Add(1)
	c.running.Store(s.SpanContext().SpanID(), s.Name())
}

// OnEnd implements trace.SpanProcessor.
func (c *spanCount) OnEnd(s trace.ReadOnlySpan) {
	c.ended.Add(1)
	c.running.Delete(s.SpanContext().SpanID())
}

// open returns how many spans have not ended.
func (c *spanCount) open() int64 { return c.started.Load() - c.ended.Load() }

// names returns the names of those spans, with their numbers.
func (c *spanCount) names() string {
	numbers := map[string]int{}
	for _, name := range c.running.Range {
		numbers[fmt.Sprint(name)]++
	}
	all := make([]string, 0, len(numbers))
	for name, n := range numbers {
		all = append(all, fmt.Sprintf("%d %s", n, name))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// Shutdown implements trace.SpanProcessor.
func (*spanCount) Shutdown(context.Context) error { return nil }

// ForceFlush implements trace.SpanProcessor.
func (*spanCount) ForceFlush(context.Context) error { return nil }

// rpcCount hears from gRPC itself which of a client's attempts begin and end. It is safe
// for concurrent use.
type rpcCount struct{ tagged, ended atomic.Int64 }

// TagRPC implements stats.Handler.
func (c *rpcCount) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	c.tagged.Add(1)
	return ctx
}

// HandleRPC implements stats.Handler.
func (c *rpcCount) HandleRPC(_ context.Context, s stats.RPCStats) {
	if _, ok := s.(*stats.End); ok {
		c.ended.Add(1)
	}
}

// TagConn implements stats.Handler.
func (*rpcCount) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (*rpcCount) HandleConn(context.Context, stats.ConnStats) {}

// open returns how many attempts gRPC has begun and not ended.
func (c *rpcCount) open() int64 { return c.tagged.Load() - c.ended.Load() }
