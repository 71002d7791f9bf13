package config

import (
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/timeout"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// timeoutTemplate is the template of a message.
func timeoutTemplate(m *policyv1.Timeout) rules.Template {
	return timeout.Each(timeout.Config{
		Default:      lasting(m.GetDefault()),
		Max:          lasting(m.GetMax()),
		FirstMessage: lasting(m.GetFirstMessage()),
		Idle:         lasting(m.GetIdle()),
		Total:        lasting(m.GetTotal()),
	})
}

// timeoutMessage is the message of a configuration.
func timeoutMessage(cfg timeout.Config) *policyv1.Timeout {
	return &policyv1.Timeout{
		Default:      lastingFor(cfg.Default),
		Max:          lastingFor(cfg.Max),
		FirstMessage: lastingFor(cfg.FirstMessage),
		Idle:         lastingFor(cfg.Idle),
		Total:        lastingFor(cfg.Total),
	}
}
