package config

import (
	"context"
	"errors"

	"github.com/afloat-go/afloat/interceptors/rules/config/internal/follow"
)

// Watch follows the file until ctx ends, and applies its rules each time it has
// changed: when it is written or replaced by a rename, and when a symbolic link or a
// folder on the way to it is replaced, as in a mounted volume. It first looks at the
// file once. Bad contents are refused as a whole and reported to the log, to the
// observer and in the snapshot; so is a file that cannot be read.
//
// It returns nil when ctx ends, and an error if the system cannot watch the file. It
// blocks, so call it once, on a goroutine of its own:
//
//	go func() { errs <- rules.Watch(ctx) }()
func (s *Set) Watch(ctx context.Context) error {
	if s.options.path == "" {
		return errNoFile
	}
	return follow.File(ctx, s.options.path, s.refresh, func(err error) {
		s.options.log().Warn("changes of the rules file may go unseen", "file", s.options.path, "error", err)
	})
}

var errNoFile = errors.New("config: there is no file to watch; name one by WithFile")

// refresh applies the file if it has changed since the last look.
func (s *Set) refresh() { _ = s.applyFile(false) } // it has been told
