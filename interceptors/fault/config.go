package fault

import (
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Config says what to do to which share of calls. The zero Config does nothing.
// Configs can be compared with ==.
type Config struct {
	// Delay is how long a call that is hit by a delay waits. With Headers, the
	// longest that may be asked for. Range [0s, 24h]. Default 0s.
	Delay time.Duration
	// DelayShare is the share of calls that are delayed. With Headers, the
	// largest that may be asked for. Range [0, 1]. Default 0.
	DelayShare float64
	// Abort is the code that a call hit by an abort fails with. With Headers it
	// comes from the call and this must be OK. Any code but OK if AbortShare is
	// set. Default OK.
	Abort codes.Code
	// AbortShare is the share of calls that fail. With Headers, the largest that
	// may be asked for. Range [0, 1]. Default 0.
	AbortShare float64
	// Message is that of the error. At most 1024 bytes of UTF-8. Default
	// "fault: injected".
	Message string
	// AfterMessages is how many messages of a stream, of both directions, pass
	// unharmed; the fault strikes at the next. Range [0, 1000000]. Default 0:
	// before any traffic, which is where unary calls always have theirs.
	AfterMessages int
	// MaxActive is how many calls may be under a fault at a time, be it a delay
	// or an abort; calls beyond are left alone. Range [0, 1000000]. Default 0: any
	// number, as in A33.
	MaxActive int
	// Headers lets calls choose their faults by metadata, within this Config.
	// Default false.
	Headers bool
}

const (
	maxMessage     = 1024
	defaultMessage = "fault: injected"
)

func (c Config) withDefaults() Config {
	if c.Message == "" {
		c.Message = defaultMessage
	}
	return c
}

func (c Config) validate() error {
	f := validate.Of("fault")
	validate.Between(f, "delay", c.Delay, 0, 24*time.Hour)
	validate.Between(f, "delay_share", c.DelayShare, 0, 1)
	validate.Between(f, "abort_share", c.AbortShare, 0, 1)
	f.Require(c.Abort <= codes.Unauthenticated, "abort", uint32(c.Abort), "a status code, 0 to 16")
	switch {
	case c.Headers:
		f.Require(c.Abort == codes.OK, "abort", c.Abort, "OK with headers, which choose the code")
	case c.AbortShare > 0:
		f.Require(c.Abort != codes.OK, "abort", c.Abort, "a code other than OK with an abort_share")
	}
	f.Require(len(c.Message) <= maxMessage, "message", fmt.Sprintf("%d bytes", len(c.Message)), "at most 1024 bytes")
	f.Require(utf8.ValidString(c.Message), "message", fmt.Sprintf("%.32q", c.Message), "UTF-8")
	validate.Between(f, "after_messages", c.AfterMessages, 0, 1_000_000)
	validate.Between(f, "max_active", c.MaxActive, 0, 1_000_000)
	return f.Err()
}

// never reports whether no call can be hit.
func (c Config) never() bool {
	return (c.Delay == 0 || c.DelayShare == 0) && c.AbortShare == 0
}
