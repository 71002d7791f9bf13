package main

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace"
)

// attrKey is the key of an attribute.
type attrKey = attribute.Key

// spanCount counts spans. It is safe for concurrent use.
type spanCount struct{ started, ended atomic.Int64 }

// open returns how many spans have not ended.
func (c *spanCount) open() int64 { return c.started.Load() - c.ended.Load() }

// OnStart implements trace.SpanProcessor.
func (c *spanCount) OnStart(context.Context, trace.ReadWriteSpan) { c.started.Add(1) }

// OnEnd implements trace.SpanProcessor.
func (c *spanCount) OnEnd(trace.ReadOnlySpan) { c.ended.Add(1) }

// Shutdown implements trace.SpanProcessor.
func (*spanCount) Shutdown(context.Context) error { return nil }

// ForceFlush implements trace.SpanProcessor.
func (*spanCount) ForceFlush(context.Context) error { return nil }
