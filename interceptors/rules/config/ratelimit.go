package config

import (
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// rateLimitRow returns the row of rate limits.
func rateLimitRow() kind {
	return row[*policyv1.RateLimit, ratelimit.Config, *ratelimit.Limiter, ratelimit.Snapshot]{
		field: "rate_limit", each: eachRateLimit, told: rateLimitMessage,
		config: (*ratelimit.Limiter).Config, snapshot: (*ratelimit.Limiter).Snapshot, status: rateLimitStatus,
	}
}

// eachRateLimit returns the template of a message.
func eachRateLimit(m *policyv1.RateLimit) rules.Template {
	return ratelimit.Each(ratelimit.Config{
		PerSecond: m.GetPerSecond(),
		Burst:     int(orNever(m.Burst)),
		MaxWait:   m.GetMaxWait().AsDuration(),
		Shadow:    m.GetShadow(),
	})
}

// rateLimitMessage returns the message of a configuration whose defaults are filled in.
func rateLimitMessage(cfg ratelimit.Config) *policyv1.RateLimit {
	return &policyv1.RateLimit{
		PerSecond: cfg.PerSecond,
		Burst:     number(cfg.Burst),
		MaxWait:   lastingFor(cfg.MaxWait),
		Shadow:    cfg.Shadow,
	}
}

// rateLimitStatus returns the message of a limiter at one moment.
func rateLimitStatus(cfg ratelimit.Config, s ratelimit.Snapshot) proto.Message {
	return &policyv1.RateLimitStatus{
		Config:    rateLimitMessage(cfg),
		Tokens:    s.Tokens,
		Waiting:   int32Of(s.Waiting),
		Rejected:  s.Rejected,
		Cancelled: s.Cancelled,
	}
}
