package afloattest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
)

// Script says what a server does with its calls, in place of its handlers or before they
// answer. It may be changed while the server runs, and is safe for concurrent use. Several
// servers may share one, which then counts the calls of all. Make one with [NewScript].
type Script struct {
	tb testing.TB

	mu     sync.Mutex
	always map[string]Act
	at     map[string]map[int]Act // by the number of the call
	calls  map[string]int
}

// NewScript returns a script that lets every handler answer.
func NewScript(tb testing.TB) *Script {
	tb.Helper()
	return &Script{tb: tb, always: map[string]Act{}, at: map[string]map[int]Act{}, calls: map[string]int{}}
}

// Always sets what is done with the calls of a method from now on: "/pkg.Service/Method", as
// generated code names it, "/pkg.Service/*" or "*". The closest one counts. [Pass] lets the
// handler answer again.
func (s *Script) Always(method string, a Act) {
	s.tb.Helper()
	s.check(method)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always[method] = a
}

// At sets what is done with the n-th call of a method, "/pkg.Service/Method", from 1 on and
// counted since the script was made. It counts more than what is always done.
func (s *Script) At(method string, n int, a Act) {
	s.tb.Helper()
	s.check(method)
	if n < 1 || strings.HasSuffix(method, "*") {
		s.tb.Fatalf("afloattest: call %d of %q; must be a call, from 1 on, of one method", n, method)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at[method] == nil {
		s.at[method] = map[int]Act{}
	}
	s.at[method][n] = a
}

// Calls returns how many calls of a method have come to the server's handlers or to what
// the script did instead. What a guard refused has not.
func (s *Script) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// ServerOptions returns what lets a server follow the script: [Serve] does so by
// [WithScript]. They must be the last options of the server that have interceptors.
func (s *Script) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.ChainUnaryInterceptor(s.unary), grpc.ChainStreamInterceptor(s.stream)}
}

// check ends the test if no method can be meant.
func (s *Script) check(method string) {
	s.tb.Helper()
	if method != "*" && (!strings.HasPrefix(method, "/") || strings.Count(method, "/") != 2 || strings.HasSuffix(method, "/")) {
		s.tb.Fatalf("afloattest: method %q; must be as in /pkg.Service/Method, /pkg.Service/* or *", method)
	}
}

// next counts a call of a method and returns what is done with it.
func (s *Script) next(method string) Act {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[method]++
	if a, ok := s.at[method][s.calls[method]]; ok {
		return a
	}
	for _, pattern := range []string{method, method[:strings.LastIndexByte(method, '/')+1] + "*", "*"} {
		if a, ok := s.always[pattern]; ok {
			return a
		}
	}
	return Pass()
}

// unary does what the script says with a unary call.
func (s *Script) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	a := s.next(info.FullMethod)
	if a.end {
		s.tb.Errorf("afloattest: End for %s, which is no stream: nothing would be answered", info.FullMethod)
	}
	if a.after == 0 {
		if ends, err := a.run(ctx); ends {
			return nil, err
		}
		return handler(ctx, req)
	}
	resp, err := handler(ctx, req)
	if ends, acted := a.run(ctx); ends {
		return nil, acted
	}
	return resp, err
}

// stream does what the script says with a stream.
func (s *Script) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	scripted := &stream{ServerStream: ss, act: s.next(info.FullMethod)}
	if scripted.act.after == 0 {
		if ends, err := scripted.act.run(ss.Context()); ends {
			return err
		}
		return handler(srv, ss)
	}
	err := handler(srv, scripted)
	if errors.Is(err, errEnded) || err == nil && !scripted.acted {
		scripted.perform()
	}
	if scripted.ended {
		return scripted.err
	}
	return err
}

// errEnded is what a handler gets that sends more than the script allows.
var errEnded = errors.New("afloattest: the script has ended the stream")

// stream is a stream with an act to come.
type stream struct {
	grpc.ServerStream

	act          Act
	sent         int
	acted, ended bool
	err          error
}

// perform acts, once.
func (s *stream) perform() {
	if !s.acted {
		s.acted = true
		s.ended, s.err = s.act.run(s.Context())
	}
}

// SendMsg sends a message, unless the script ends the stream before.
func (s *stream) SendMsg(m any) error {
	if s.sent == s.act.after {
		s.perform()
	}
	if s.ended {
		return errEnded
	}
	s.sent++
	return s.ServerStream.SendMsg(m)
}
