package ruleset

import (
	"context"
	"errors"

	"github.com/afloat-go/afloat/interceptors/ruleset/internal/follow"
)

// Watch follows the file until ctx ends, and applies what it holds each time that it
// has changed: when it was written, replaced by rename, or when a symbolic link or a
// folder on the way to it was, as a mounted volume does it. It begins with a look at
// the file. Contents that are bad are refused whole, and told to the log, to the
// observer and in the snapshot; so is a file that cannot be read.
//
// It returns nil when ctx ends, and an error if the system cannot watch. It is for one
// goroutine:
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

var errNoFile = errors.New("ruleset: there is no file to watch; name one by WithFile")

// refresh applies the file if it is not what it was when it was last looked at.
func (s *Set) refresh() { _ = s.applyFile(false) } // it has been told
