package fault

import (
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Config says which share of calls is delayed and failed, and how. The zero
// Config does nothing. Configs can be compared with ==.
type Config struct {
	// Delay is how long a delayed call waits. With Headers, it is the longest
	// delay that a call may ask for. Range [0s, 24h]. Default 0s.
	Delay time.Duration
	// DelayShare is the share of calls that are delayed. With Headers, it is the
	// largest share that a call may ask for. Range [0, 1]. Default 0.
	DelayShare float64
	// Abort is the status code of failed calls. If AbortShare is set, it must not
	// be OK. With Headers, the call names the code, and Abort must be OK. Default
	// OK.
	Abort codes.Code
	// AbortShare is the share of calls that fail. With Headers, it is the largest
	// share that a call may ask for. Range [0, 1]. Default 0.
	AbortShare float64
	// Message is the message of the error. At most 1024 bytes of UTF-8. Default
	// "fault: injected".
	Message string
	// AfterMessages is how many messages of a stream, in both directions together,
	// pass before the fault strikes at the next one. Range [0, 1000000]. Default
	// 0: before any traffic, as always on unary calls.
	AfterMessages int
	// MaxActive is how many calls may be under a fault at a time, whether delay or
	// abort; further calls are left alone. Range [0, 1000000]. Default 0: any
	// number, as in A33.
	MaxActive int
	// Headers lets calls choose their faults with metadata, within the limits of
	// this Config. Default false.
	Headers bool
}

const (
	maxMessage     = 1024
	defaultMessage = "fault: injected"
)

// withDefaults returns c with the default message, if it has none.
func (c Config) withDefaults() Config {
	if c.Message == "" {
		c.Message = defaultMessage
	}
	return c
}

// validate reports all faults of c.
func (c Config) validate() error {
	f := validate.Of(kind)
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

// never reports whether nothing is ever injected.
func (c Config) never() bool {
	return (c.Delay == 0 || c.DelayShare == 0) && c.AbortShare == 0
}
