package config

import (
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/rules"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// overloadRow returns the row of overload controllers.
func overloadRow() kind {
	return row[*policyv1.Overload, overload.Config, *overload.Control, overload.Snapshot]{
		field: "overload", each: eachOverload, told: overloadMessage,
		config: (*overload.Control).Config, snapshot: (*overload.Control).Snapshot, status: overloadStatus,
	}
}

// eachOverload returns the template of a message.
func eachOverload(m *policyv1.Overload) rules.Template {
	var cfg overload.Config
	switch m.GetMode() {
	case policyv1.Overload_MODE_UNSPECIFIED, policyv1.Overload_MODE_AUTOMATIC:
	case policyv1.Overload_MODE_SHADOW:
		cfg.Mode = overload.Shadow
	case policyv1.Overload_MODE_EXEMPT:
		cfg.Mode = overload.Exempt
	default:
		cfg.Mode = noMode
	}
	return overload.Each(cfg)
}

// noMode is what no controller can have.
const noMode overload.Mode = 255

// overloadMessage returns the message of a configuration.
func overloadMessage(cfg overload.Config) *policyv1.Overload {
	return &policyv1.Overload{Mode: policyv1.Overload_Mode(cfg.Mode) + 1}
}

// overloadStatus returns the message of a controller at one moment.
func overloadStatus(cfg overload.Config, s overload.Snapshot) proto.Message {
	return &policyv1.OverloadStatus{
		Config: overloadMessage(cfg), Limit: int32Of(s.Limit), InFlight: int32Of(s.InFlight), Waiting: int32Of(s.Waiting),
		Pressure: s.Pressure, Rejected: s.Rejected, RejectedOf: s.RejectedOf[:], Cancelled: s.Cancelled,
	}
}
