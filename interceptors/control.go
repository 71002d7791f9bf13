package interceptors

import (
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// ControlOption puts a server under overload control. It is an option for unary calls and
// for streams.
type ControlOption interface {
	ServerUnaryOption
	ServerStreamOption
}

// WithOverloadControl puts all calls that a server answers under one controller, which
// admits as many as can be answered in time and refuses the least critical ones first, see
// package overload. There is nothing to set. It takes the place of the places of the
// built-in rule, see [DefaultMaxConcurrent].
//
// Calls that the rules leave unguarded are always served: those of gRPC's health,
// reflection and channelz services, unless a rule names them, and those of a rule without
// policies. A rule with an overload policy of its own, which may be one that is
// overload.Exempt, takes its calls out of the control of the server.
//
// The option stands for one controller: make one for each server. Its numbers are in the
// snapshots and the metrics of the rules of [ServerOptions], under the name "server".
func WithOverloadControl(opts ...overload.Option) ControlOption {
	return controlIn(overload.Automatic, opts)
}

// WithOverloadShadow does what [WithOverloadControl] does, but refuses nothing: it counts
// the calls that would have been refused.
func WithOverloadShadow(opts ...overload.Option) ControlOption {
	return controlIn(overload.Shadow, opts)
}

// controlIn returns the option for a controller in a mode.
func controlIn(mode overload.Mode, opts []overload.Option) controlOption {
	c, err := overload.New(overload.Config{Mode: mode}, append([]overload.Option{overload.WithName(serverControl)}, opts...)...)
	return controlOption{c, err}
}

// serverControl is the name of a server's controller.
const serverControl = "server"

// controlOption is the controller of a server, or what is wrong with it.
type controlOption struct {
	control *overload.Control
	fault   error
}

// policy returns what calls are asked of: with a fault, something that refuses them all.
func (c controlOption) policy() policy.Policy {
	if c.fault != nil {
		return refusing{c.fault}
	}
	return c.control
}

func (c controlOption) applyServerUnary(o *serverUnaryOptions) { o.control = c.policy() }

func (c controlOption) applyServerStream(o *serverStreamOptions) { o.control = c.policy() }

func (c controlOption) applyServer(o *serverOptions) {
	o.unary, o.stream = append(o.unary, c), append(o.stream, c)
	if c.fault == nil {
		o.controls = []*overload.Control{c.control} // the last one counts
	}
}

// show shows controllers where the policies of rules are shown.
func show(r policy.Resolver, controls []*overload.Control) {
	all, ok := r.(*rules.Rules)
	for _, c := range controls {
		if ok {
			all.Show(rules.Live{Policy: c, Kind: "overload", Side: policy.Server, Name: "*", Scope: rules.PerTarget})
		}
	}
}
