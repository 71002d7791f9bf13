package config

import (
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/rules"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// faultRow returns the row of injected faults.
func faultRow() kind {
	return row[*policyv1.Fault, fault.Config, *fault.Fault, fault.Snapshot]{
		field: "fault", each: eachFault, told: faultMessage,
		config: (*fault.Fault).Config, snapshot: (*fault.Fault).Snapshot, status: faultStatus,
		watch: func(*policyv1.Fault) string {
			return "must be left out in a shadow rule: a fault cannot only watch"
		},
		mend: mendFault,
	}
}

// mendFault notes that the code of a fault, which has a name here, has no such name.
func mendFault(c *compiler, path string, m *policyv1.Fault) *policyv1.Fault {
	if _, ok := codeOf(m.GetAbort()); ok {
		return m
	}
	c.wrong(m, path, "abort", "must be the name of a status code, as in UNAVAILABLE")
	m = proto.CloneOf(m)
	m.Abort = ""
	if !m.GetHeaders() {
		m.Abort = "UNAVAILABLE"
	}
	return m
}

// eachFault returns the template of a message.
func eachFault(m *policyv1.Fault) rules.Template {
	abort, _ := codeOf(m.GetAbort()) // it has been checked
	return fault.Each(fault.Config{
		Delay:         m.GetDelay().AsDuration(),
		DelayShare:    m.GetDelayShare(),
		Abort:         abort,
		AbortShare:    m.GetAbortShare(),
		Message:       m.GetMessage(),
		AfterMessages: int(m.GetAfterMessages()),
		MaxActive:     int(m.GetMaxActive()),
		Headers:       m.GetHeaders(),
	})
}

// faultMessage returns the message of a configuration whose defaults are filled in.
func faultMessage(cfg fault.Config) *policyv1.Fault {
	return &policyv1.Fault{
		Delay:         lastingFor(cfg.Delay),
		DelayShare:    cfg.DelayShare,
		Abort:         nameOf(cfg.Abort),
		AbortShare:    cfg.AbortShare,
		Message:       cfg.Message,
		AfterMessages: int32Of(cfg.AfterMessages),
		MaxActive:     int32Of(cfg.MaxActive),
		Headers:       cfg.Headers,
	}
}

// faultStatus returns the message of an injector at one moment.
func faultStatus(cfg fault.Config, s fault.Snapshot) proto.Message {
	return &policyv1.FaultStatus{
		Config: faultMessage(cfg), Active: int32Of(s.Active), Delayed: s.Delayed, Aborted: s.Aborted,
	}
}

// codeOf returns the status code of a name. No name is OK.
func codeOf(name string) (c codes.Code, ok bool) {
	if name == "" {
		return codes.OK, true
	}
	n, ok := code.Code_value[name]
	return codes.Code(n), ok //nolint:gosec // codes are not negative
}

// nameOf returns the name of a status code. OK has none.
func nameOf(c codes.Code) string {
	if c == codes.OK {
		return ""
	}
	return code.Code(c).String() //nolint:gosec // there are few codes
}
