package admin

import (
	"context"
	"log/slog"

	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
)

// Authoriser decides whether a change may be made, and says who makes it: the author of the
// override, as logs and snapshots show it. An error refuses the change, with its status if it
// has one, else with PERMISSION_DENIED. It must be safe for concurrent use. The request must
// not be changed.
type Authoriser func(ctx context.Context, request *adminv1.OverrideRequest) (author string, err error)

// Option changes what [New] makes.
type Option interface{ apply(*options) }

// options are those of a [Service].
type options struct {
	authoriser Authoriser
	logger     *slog.Logger
}

// log returns the logger.
func (o *options) log() *slog.Logger {
	if o.logger == nil {
		return slog.Default()
	}
	return o.logger
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithAuthoriser lets those change the guard whom a authorises. Default, and if a is nil:
// nobody.
func WithAuthoriser(a Authoriser) Option { return optionFunc(func(o *options) { o.authoriser = a }) }

// WithLogger sets the logger of changes that were refused. Those that were made are logged
// by the rules. Default, and if l is nil: slog.Default().
func WithLogger(l *slog.Logger) Option { return optionFunc(func(o *options) { o.logger = l }) }
