package overload

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/queue"
	"github.com/afloat-go/afloat/interceptors/internal/validate"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/pressure"
)

// Control is a [policy.Policy] that admits as many calls as can be answered in time. It
// is safe for concurrent use. Make one with [New]; the zero Control must not be used.
type Control struct {
	config atomic.Pointer[Config]
	name   string
	meter  *pressure.Meter
	room   room
	// ended counts the calls that ended, to sample them.
	ended atomic.Uint64
	due   atomic.Int64 // the instant of the next step
	sums  sums
	usual usual

	refused queue.Refusals
	level   atomic.Uint64 // of pressure, as the bits of a float64
}

// interval is the time between two steps.
const interval = 100 * time.Millisecond

// firstPlaces is how many calls may be in flight before anything is known.
const firstPlaces = 32

// New returns a controller, or all faults of cfg and opts, joined.
func New(cfg Config, opts ...Option) (*Control, error) {
	if err := errors.Join(cfg.validate(), validate.Options(kind, opts)); err != nil {
		return nil, err
	}
	return newControl(&cfg, optionsOf(opts)), nil
}

// newControl returns a controller by a valid configuration.
func newControl(cfg *Config, o options) *Control {
	c := &Control{name: o.name, meter: o.meter}
	if c.meter == nil {
		c.meter = pressure.Process()
	}
	c.config.Store(cfg)
	now := policy.Now()
	c.room.init(max(firstPlaces, 4*runtime.GOMAXPROCS(0)), now)
	c.room.open.Store(cfg.Mode != Automatic)
	c.due.Store(int64(now.Add(interval)))
	return c
}

// Layer puts controllers where bulkheads are, which they take the place of.
func (*Control) Layer() policy.Layer { return policy.LayerBulkhead }

// Controls implements [policy.Controller].
func (*Control) Controls() {}

// Idle reports whether no call is in flight, nobody waits and there is no strain.
func (c *Control) Idle() bool {
	return c.room.counts.Load() == 0 && c.room.calm(policy.Now())
}

// Config returns the configuration in force.
func (c *Control) Config() Config { return *c.config.Load() }

// Update changes the mode of a controller in use. If cfg has faults, it returns all of
// them, joined, and changes nothing. Calls that wait are admitted if nobody has to wait
// any more.
func (c *Control) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	c.use(&cfg)
	return nil
}

// use puts a valid configuration in force.
func (c *Control) use(cfg *Config) {
	c.config.Store(cfg)
	c.room.setOpen(cfg.Mode != Automatic)
}

// Pressure returns that at this controller, from 0, nobody waits, to 1, everybody is
// refused. It is of the last moment in which there were calls.
func (c *Control) Pressure() float64 { return math.Float64frombits(c.level.Load()) }

// Acquire admits the call, lets it wait its turn, or refuses it. A refusal is a
// *[policy.Rejection] that wraps [ErrOverloaded], [ErrDeadline] or [ErrCancelled].
func (c *Control) Acquire(ctx context.Context, call *policy.Call) (policy.Permit, error) {
	cfg := c.config.Load()
	if cfg.Mode == Exempt {
		return policy.Permit{}, nil
	}
	if refuser := c.doomed(ctx, cfg, call); refuser != nil {
		return policy.Permit{}, c.refuse(refuser, call)
	}
	strained := c.room.strained.Load()
	for {
		s := c.room.counts.Load()
		room := c.room.has(s)
		switch {
		case !room && cfg.Mode == Automatic:
			now := policy.Now()
			c.sums.arrive(rankOf(call.Criticality), s.InFlight(), false)
			if c.stepIfDue(now) {
				continue
			}
			if refuser := c.room.wait(ctx, call, now, c.usual.least(call.Method, now)); refuser != nil {
				return policy.Permit{}, c.refuse(refuser, call)
			}
			return c.permit(cfg, call, true), nil
		case c.room.counts.Swap(s, s+queue.OneInFlight):
			if strained || !room {
				c.sums.arrive(rankOf(call.Criticality), s.InFlight(), room)
			}
			if !room {
				c.watch(s, call)
			}
			return c.permit(cfg, call, strained), nil
		}
	}
}

// doomed returns why a call is not worth beginning, nil if it is: its context has ended,
// or the time that is left to it is less than its method takes.
func (c *Control) doomed(ctx context.Context, cfg *Config, call *policy.Call) *policy.Refuser {
	switch {
	case cfg.Mode != Automatic:
		return nil
	case ctx.Err() != nil:
		return refusedBy(ctx)
	case !call.Deadline.IsZero() && c.usual.long.Load() && c.usual.spares(call.Method, call.Now(), policy.InstantOf(call.Deadline)):
		return &refuse.deadline
	default:
		return nil
	}
}

// Strained reports whether calls wait for a place, or goroutines for a processor, or did so
// within the last second. It costs one load.
func (c *Control) Strained() bool { return c.room.strained.Load() }

// Look returns the refusal of a call that [Control.Acquire] would refuse now because there
// is more to do than can be done in time, and counts it; nil for any other call. It takes no
// place and never blocks for long. It is for what sees calls before they are read.
func (c *Control) Look(call *policy.Call) error {
	if c.config.Load().Mode != Automatic || !c.Strained() {
		return nil
	}
	now, left := call.Now(), noDeadline
	if !call.Deadline.IsZero() {
		left = policy.InstantOf(call.Deadline).Sub(now)
	}
	if !c.room.turnsAway(now, budgetOf(left, c.usual.least(call.Method, now)), call.Criticality) {
		return nil
	}
	c.sums.arrive(rankOf(call.Criticality), c.room.counts.Load().InFlight(), false)
	return c.refuse(&refuse.overloaded, call)
}

// watch counts and notes a call that was admitted only because nothing is refused, if it
// would have waited for too long.
func (c *Control) watch(s queue.Counts, call *policy.Call) {
	if c.room.refuses(s, call) {
		c.refused.AddShadowed()
		call.Notes |= policy.NoteShadowed
	}
}

// permit returns that of a call that has a place. Every call is timed while there is a
// strain, else some. Under a strain others that have come meet the controller first,
// before the call begins its work.
func (c *Control) permit(cfg *Config, call *policy.Call, strained bool) policy.Permit {
	if call.Side == policy.Server && call.Shape.Streams() {
		return newStream(c).permit()
	}
	if !strained && c.ended.Load()%sampledOneOf != 0 {
		return policy.Permit{Settler: c}
	}
	begin := call.Now()
	deadline := call.Deadline
	if call.Side == policy.Client {
		c.room.share()
		if !deadline.IsZero() { // as it was before the call had to wait: clients must judge alike
			deadline = deadline.Add(call.Waited)
		}
	}
	c.sums.begin(begin, deadline)
	if !strained && c.meter.Latency(begin) >= strainLatency {
		c.room.strain(begin)
	}
	if strained && cfg.Mode == Automatic && call.Side == policy.Server {
		c.meter.Yield()
	}
	c.stepIfDue(begin)
	return policy.Permit{Settler: c, Token: uint64(tokenOf(begin, c.usual.idOf(call))), Wants: policy.WantsEnd}
}

// sampledOneOf is how many calls there are for one that is timed without a strain.
const sampledOneOf = 8

// Settle gives the place back and hands it to a call that waits.
func (c *Control) Settle(t uint64, o *policy.Outcome) {
	if t != 0 && o.Verdict != policy.NotStarted {
		end := o.End.OrNow()
		took := token(t).until(end)
		c.sums.end(took, o.Verdict)
		if o.Verdict == policy.Success {
			c.usual.add(token(t).id(), took, end)
		}
		c.stepIfDue(end)
	}
	c.ended.Add(1)
	c.room.leave()
}

// refuse counts a refusal and returns it.
func (c *Control) refuse(f *policy.Refuser, call *policy.Call) error {
	c.refused.Add(f)
	c.stepIfDue(call.Now())
	if f == &refuse.overloaded {
		return f.Refuse(call, c.name, c.room.retryAt())
	}
	return f.Refuse(call, c.name, time.Time{})
}

// stepIfDue ends an interval, if it is time to, and reports whether it did.
func (c *Control) stepIfDue(now policy.Instant) bool {
	due := c.due.Load()
	if int64(now) < due || !c.due.CompareAndSwap(due, int64(now.Add(interval))) {
		return false
	}
	level := c.room.step(now, &c.sums, c.meter.Latency(now))
	c.level.Store(math.Float64bits(level))
	c.meter.Report(now, level)
	return true
}

// Snapshot returns the controller's present limits and counts. It never blocks for long.
func (c *Control) Snapshot() Snapshot {
	s := c.room.counts.Load()
	snap := Snapshot{
		Name: c.name, Limit: int(c.room.places.Load()), InFlight: s.InFlight(), Waiting: s.Waiting(),
		Pressure: c.Pressure(), Rejected: c.refused.Rejected(), Cancelled: c.refused.Cancelled(),
	}
	snap.RejectedOf = c.room.rejectedOf()
	return snap
}

// Gauges implements [policy.Gauged].
func (c *Control) Gauges(g *policy.Gauges) {
	c.Snapshot().show(g)
	g.Shadow = c.Config().Mode == Shadow
}
