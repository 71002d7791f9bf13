package fanout

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/degrade"
	"github.com/afloat-go/afloat/interceptors/internal/contain"
	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// The defaults of a plan.
const (
	// DefaultMaxDuration is the default of [Config.MaxDuration].
	DefaultMaxDuration = 10 * time.Second
	// DefaultQuorum is the default of [Config.Quorum].
	DefaultQuorum = 1
)

// The default reserve: a tenth of the time, but neither too little for a busy
// machine nor more than assembling can take.
const (
	reserveShare = 10
	minReserve   = 5 * time.Millisecond
	maxReserve   = 100 * time.Millisecond
)

// Config is the configuration of a plan, besides its sources.
type Config struct {
	// Name is for errors, reports and observers. The method's name is a good
	// choice. Required.
	Name string
	// MaxDuration bounds a run, within the caller's deadline, and so the timeouts of
	// sources and their steps. Range [1ms, 24h]. Default 10s.
	MaxDuration time.Duration
	// Reserve is the part of the time kept for assembling and sending the
	// response, but never more than half of it. Range [0, 1h]. Default 0: a tenth
	// of the time, at least 5 ms and at most 100 ms.
	Reserve time.Duration
	// Quorum is how many sources must answer for the run to succeed. Range [1, the
	// number of sources]. Default 1.
	Quorum int
	// Observer hears of the runs and of their sources' steps. Default: no
	// observer.
	Observer Observer
	// Logger logs the panics of sources, with their stacks, at error. Default:
	// slog.Default().
	Logger *slog.Logger
	// Declared returns what the author of the response's message declares about a
	// field in its options, or what is wrong with them, as protooptions.Declared
	// does. The sources are checked against it and get its timeouts as their default.
	// Default: nothing is declared.
	Declared func(protoreflect.FieldDescriptor) (Declaration, error)
}

// withDefaults returns c with what is zero filled in.
func (c Config) withDefaults() Config {
	if c.MaxDuration == 0 {
		c.MaxDuration = DefaultMaxDuration
	}
	if c.Quorum == 0 {
		c.Quorum = DefaultQuorum
	}
	return c
}

// validate checks the configuration of a plan with so many sources.
func (c Config) validate(label string, sources int) error {
	f := validate.Of(label)
	f.Require(c.Name != "", "name", `""`, "a name")
	f.Require(sources > 0, "sources", "none", "at least one")
	validate.Between(f, "max_duration", c.MaxDuration, time.Millisecond, 24*time.Hour)
	validate.Between(f, "reserve", c.Reserve, 0, time.Hour)
	if sources > 0 {
		validate.Between(f, "quorum", c.Quorum, 1, sources)
	}
	return f.Err()
}

// declared returns what the author of the message declares about the field at the
// path.
func (c Config) declared(path string, md protoreflect.MessageDescriptor) (Declaration, error) {
	if c.Declared == nil {
		return Declaration{}, nil
	}
	fd := descriptorOf(path, md)
	if fd == nil {
		return Declaration{}, nil
	}
	return c.Declared(fd)
}

// budget returns how long the sources may take, until the caller's deadline or for
// MaxDuration, less the reserve, and the reserve.
func (c *Config) budget(ctx context.Context) (sources, reserve time.Duration) {
	all := c.MaxDuration
	if end, ok := ctx.Deadline(); ok {
		all = min(all, time.Until(end))
	}
	reserve = c.Reserve
	if reserve == 0 {
		reserve = min(max(all/reserveShare, minReserve), maxReserve)
	}
	reserve = min(reserve, all/2)
	return all - reserve, reserve
}

// gathered tells the observer of a run, and recovers its panics.
func (c *Config) gathered(ctx context.Context, r degrade.Report, err error) {
	if c.Observer == nil {
		return
	}
	defer contain.Panic()
	c.Observer.Gathered(ctx, c.Name, r, err)
}

// panicked returns what logs the panics of the steps of a source.
func (c *Config) panicked(source string) func(context.Context, string, *policy.PanicError, bool) {
	return func(ctx context.Context, step string, p *policy.PanicError, late bool) {
		c.logPanic(ctx, source, step, p, late)
	}
}

// logPanic logs the panic of a step of a source.
func (c *Config) logPanic(ctx context.Context, source, step string, p *policy.PanicError, late bool) {
	l := c.Logger
	if l == nil {
		l = slog.Default()
	}
	l.ErrorContext(ctx, "a source panicked", "plan", c.Name, "source", source, "step", step,
		"panic", excerpt.Of(p.Error()), "late", late, "stack", string(p.Stack))
}
