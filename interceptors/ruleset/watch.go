package ruleset

import (
	"bytes"
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
func (s *Set) refresh() {
	data, err := read(s.options.path)
	if s.sees(data, err) {
		_ = s.applyFile(data, err) // it has been told
	}
}

// seen is what the file was when it was last looked at.
type seen struct {
	data []byte
	err  string
}

// sees notes what the file is now, and reports whether it is not what it was.
func (s *Set) sees(data []byte, err error) bool {
	now := seen{data: data}
	if err != nil {
		now = seen{err: err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	same := bytes.Equal(now.data, s.seen.data) && now.err == s.seen.err
	s.seen = now
	return !same
}
