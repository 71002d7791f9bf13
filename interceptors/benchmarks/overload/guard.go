//go:build linux

package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/failsafe-go/failsafe-go/priority"
	"github.com/go-kratos/aegis/ratelimit"
	"github.com/go-kratos/aegis/ratelimit/bbr"
	"github.com/zeromicro/go-zero/core/load"
	"github.com/zeromicro/go-zero/core/logx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/criticality"
)

// The guards that are compared.
const (
	nothing  = "nothing"
	static   = "the best fixed number"
	failsafe = "failsafe-go"
	goZero   = "go-zero"
	aegis    = "aegis BBR"
	afloat   = "afloat"
	// refusing refuses every call: what a refusal costs.
	refusing = "refusing"
)

// guards returns the names of those that are compared, afloat last.
func guards() []string { return []string{nothing, static, failsafe, goZero, aegis, afloat} }

// errShed is what a guard that is not afloat refuses with.
var errShed = status.Error(codes.ResourceExhausted, "the server has too much to do")

// optionsOf returns what a server is guarded with. The limit is that of the fixed number.
func optionsOf(guard string, limit int) ([]grpc.ServerOption, error) {
	switch guard {
	case nothing:
		return nil, nil
	case static:
		return inFront(places(limit)), nil
	case failsafe:
		return inFront(adaptive()), nil
	case goZero:
		return inFront(shedder()), nil
	case aegis:
		return inFront(bottleneckBandwidth()), nil
	case refusing:
		return inFront(func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) { return nil, errShed }), nil
	case afloat:
		r, err := interceptors.Default()
		if err != nil {
			return nil, err
		}
		return interceptors.ServerOptions(r, interceptors.WithOverloadControl()), nil
	default:
		return nil, fmt.Errorf("flag -guard = %q; must be one of %q", guard, guards())
	}
}

func inFront(i grpc.UnaryServerInterceptor) []grpc.ServerOption {
	return []grpc.ServerOption{grpc.ChainUnaryInterceptor(i)}
}

// places admits so many calls at once, and the others not.
func places(limit int) grpc.UnaryServerInterceptor {
	free := make(chan struct{}, limit)
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		select {
		case free <- struct{}{}:
			defer func() { <-free }()
			return handler(ctx, req)
		default:
			return nil, errShed
		}
	}
}

// adaptive is failsafe-go's limiter as its documentation sets it up, as long as the process lives.
func adaptive() grpc.UnaryServerInterceptor {
	prioritizer := adaptivelimiter.NewPrioritizer()
	go func() {
		for range time.NewTicker(time.Second).C {
			prioritizer.Calibrate()
		}
	}()
	limiter := adaptivelimiter.NewBuilder[any]().BuildPrioritized(prioritizer)
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		rank := priority.Medium
		if isCritical(ctx) {
			rank = priority.VeryHigh
		}
		permit, err := limiter.AcquirePermitWithPriority(ctx, rank)
		if err != nil {
			return nil, errShed
		}
		resp, err := handler(ctx, req)
		if err != nil {
			permit.Drop()
		} else {
			permit.Record()
		}
		return resp, err
	}
}

// shedder is go-zero's with its defaults.
func shedder() grpc.UnaryServerInterceptor {
	logx.Disable()
	s := load.NewAdaptiveShedder()
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		promise, err := s.Allow()
		if err != nil {
			return nil, errShed
		}
		resp, err := handler(ctx, req)
		if err != nil {
			promise.Fail()
		} else {
			promise.Pass()
		}
		return resp, err
	}
}

// bottleneckBandwidth is aegis' limiter with its defaults.
func bottleneckBandwidth() grpc.UnaryServerInterceptor {
	l := bbr.NewLimiter()
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		done, err := l.Allow()
		if err != nil {
			return nil, errShed
		}
		resp, err := handler(ctx, req)
		done(ratelimit.DoneInfo{Err: err})
		return resp, err
	}
}

// isCritical reports whether the caller said so.
func isCritical(ctx context.Context) bool {
	for _, text := range metadata.ValueFromIncomingContext(ctx, criticality.Key) {
		if m, ok := criticality.Parse(text); ok && m.Class == criticality.Critical {
			return true
		}
	}
	return false
}

// quiet stops what guards write besides.
func quiet() { slog.SetDefault(slog.New(slog.DiscardHandler)) }
