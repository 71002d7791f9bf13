package config

import (
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/rules"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// faultTemplate is the template of a message.
func faultTemplate(m *policyv1.Fault) rules.Template {
	abort, _ := codeOf(m.GetAbort()) // the compiler has checked it
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

// faultMessage is the message of a configuration whose defaults are filled in.
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

// faultStatus is the message of an injector at one moment.
func faultStatus(cfg fault.Config, s fault.Snapshot) *policyv1.FaultStatus {
	return &policyv1.FaultStatus{
		Config: faultMessage(cfg), Active: int32Of(s.Active), Delayed: s.Delayed, Aborted: s.Aborted,
	}
}

// codeOf is the status code of a name. No name is OK.
func codeOf(name string) (c codes.Code, ok bool) {
	if name == "" {
		return codes.OK, true
	}
	n, ok := code.Code_value[name]
	return codes.Code(n), ok //nolint:gosec // codes are not negative
}

// nameOf is the name of a status code. OK has none.
func nameOf(c codes.Code) string {
	if c == codes.OK {
		return ""
	}
	return code.Code(c).String() //nolint:gosec // there are few codes
}
