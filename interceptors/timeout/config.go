package timeout

import (
	"time"

	"github.com/afloat-go/afloat/interceptors/internal/validate"
)

// Config says how long calls may take. The zero Config bounds nothing. Configs
// can be compared with ==.
type Config struct {
	// Default is the time that a unary call without a deadline gets. Range [1ms,
	// 24h], at most Max. Default 0: such calls get Max if it is set, else no
	// deadline.
	Default time.Duration
	// Max is the longest time that a unary call gets. Range [1ms, 24h]. Default 0:
	// the caller's deadline stands.
	Max time.Duration

	// FirstMessage is the longest time until the first response message of a stream: on
	// a client that it waits for it, on a server from when the stream is admitted.
	// Client streams ignore it. Range [1ms, 24h]. Default 0: no
	// bound.
	FirstMessage time.Duration
	// Idle is the longest time that the user of a stream may wait for its peer, in
	// RecvMsg, SendMsg or Header, without a message in either direction. Range [1ms, 24h]. Default 0: no bound.
	Idle time.Duration
	// Total is the longest time of a stream from beginning to end, including time
	// in afloat's own queues. Range [1ms, 24h]. Default 0: no bound.
	Total time.Duration
}

// validate reports all faults of c.
func (c Config) validate() error {
	f := validate.Of(kind)
	for _, field := range []struct {
		name  string
		value time.Duration
	}{
		{"default", c.Default},
		{"max", c.Max},
		{"first_message", c.FirstMessage},
		{"idle", c.Idle},
		{"total", c.Total},
	} {
		if field.value != 0 {
			validate.Between(f, field.name, field.value, time.Millisecond, 24*time.Hour)
		}
	}
	if c.Max > 0 && c.Default > c.Max {
		f.Require(false, "default", c.Default, "at most max ("+c.Max.String()+")")
	}
	return f.Err()
}
