package interceptors

import (
	"context"
	"errors"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// streamCall is a stream's way through its policies. Every signal that the
// stream has ended comes here, and the first one wins.
type streamCall struct {
	// caller is the context the stream was asked for with, ctx the one its
	// policies gave it.
	caller, ctx context.Context //nolint:containedctx // a stream lives as long as its context

	admission policy.Admission

	mu   sync.Mutex // guards what follows
	done bool
	// release frees what was made for the stream. It may be nil.
	release func()
}

// finish settles the stream, once, and reports whether this call did.
func (s *streamCall) finish(o policy.Outcome) bool {
	if !s.end() {
		return false
	}
	s.admission.Settle(o)
	s.free()
	return true
}

// end marks the stream as ended and reports whether it had not been.
func (s *streamCall) end() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.done
	s.done = true
	return !was
}

// abandon settles a stream whose opening or handler panicked.
func (s *streamCall) abandon() {
	if !s.end() {
		return
	}
	s.admission.Abandon()
	s.free()
}

func (s *streamCall) free() {
	if s.release != nil {
		s.release()
	}
}

// respond notes that a response message went by.
func (s *streamCall) respond() {
	if tell := s.markResponded(); tell != nil {
		tell()
	}
}

func (s *streamCall) markResponded() (tell func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return nil
	}
	return s.admission.Respond()
}

// errOf returns the error that the caller gets for err: that of the policy that
// ended the stream, if one did, else err itself.
func (s *streamCall) errOf(err error) error {
	if err == nil || s.caller.Err() != nil || s.ctx.Err() == nil {
		return err
	}
	cause, ok := errors.AsType[statusError](context.Cause(s.ctx))
	if !ok || !endedByContext(err) {
		return err
	}
	return cause
}

// statusError is an error that is a status, as policies end calls with.
type statusError interface {
	error
	GRPCStatus() *status.Status
}

// endedByContext reports whether err is what gRPC or a handler returns when a
// context has ended.
func endedByContext(err error) bool {
	code := policy.Code(err)
	return code == codes.Canceled || code == codes.DeadlineExceeded
}
