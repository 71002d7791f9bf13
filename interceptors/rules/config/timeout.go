package config

import (
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// timeoutRow returns the row of timeouts, which have nothing to show but a configuration.
func timeoutRow() kind {
	return row[*policyv1.Timeout, timeout.Config, *timeout.Timeout, any]{
		field: "timeout", each: eachTimeout, told: timeoutMessage,
		config: (*timeout.Timeout).Config,
		status: func(cfg timeout.Config, _ any) proto.Message { return timeoutMessage(cfg) },
		watch: func(*policyv1.Timeout) string {
			return "must be left out in a shadow rule: a timeout cannot only watch"
		},
	}
}

// eachTimeout returns the template of a message.
func eachTimeout(m *policyv1.Timeout) rules.Template {
	return timeout.Each(timeout.Config{
		Default:      lasting(m.GetDefault()),
		Max:          lasting(m.GetMax()),
		FirstMessage: lasting(m.GetFirstMessage()),
		Idle:         lasting(m.GetIdle()),
		Total:        lasting(m.GetTotal()),
	})
}

// timeoutMessage returns the message of a configuration.
func timeoutMessage(cfg timeout.Config) *policyv1.Timeout {
	return &policyv1.Timeout{
		Default:      lastingFor(cfg.Default),
		Max:          lastingFor(cfg.Max),
		FirstMessage: lastingFor(cfg.FirstMessage),
		Idle:         lastingFor(cfg.Idle),
		Total:        lastingFor(cfg.Total),
	}
}
