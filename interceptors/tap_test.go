package interceptors_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/afloat-go/afloat/interceptors"
	"github.com/afloat-go/afloat/interceptors/criticality"
	"github.com/afloat-go/afloat/interceptors/internal/rpctest"
	"github.com/afloat-go/afloat/interceptors/overload"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

const (
	large    = 4 << 20
	larges   = 20
	mebibyte = 1 << 20
)

// tapped is a server of one slow lock that counts the large requests that it decodes, and
// the bytes that it reads.
type tapped struct {
	encoding.CodecV2

	decoded, read atomic.Int64
	refusals      atomic.Int64
	unobserved    bool
	rules         *rules.Rules
}

// Unmarshal counts a large request.
func (s *tapped) Unmarshal(data mem.BufferSlice, v any) error {
	if data.Len() > mebibyte {
		s.decoded.Add(1)
	}
	return s.CodecV2.Unmarshal(data, v)
}

// counted is a connection whose bytes are counted.
type counted struct {
	net.Conn

	read *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Add(int64(n))
	return n, err
}

type countingListener struct {
	*bufconn.Listener

	read *atomic.Int64
}

func (l countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return counted{conn, l.read}, err
}

// refusals counts what observers hear of refusals for overload.
type refusals struct {
	policy.NopObserver

	n *atomic.Int64
}

func (r refusals) Rejected(_ context.Context, call *policy.Call, j policy.Rejected) {
	if call.Side == policy.Server && policy.ReasonOf(j.Err) == policy.ReasonOverloaded {
		r.n.Add(1)
	}
}

// start runs the server until the test ends, and returns a client of it.
func (s *tapped) start(t *testing.T, list []rules.Rule, opts ...interceptors.ServerOption) *grpc.ClientConn {
	t.Helper()
	s.CodecV2 = encoding.GetCodecV2(proto.Name)
	var opted []rules.Option
	if !s.unobserved {
		opted = append(opted, rules.WithObserver(refusals{n: &s.refusals}))
	}
	var err error
	if s.rules, err = interceptors.NewRules(list, opted...); err != nil {
		t.Fatal(err)
	}
	lock := make(chan struct{}, 1)
	rig := rpctest.Rig{Unary: func(ctx context.Context) error {
		select {
		case lock <- struct{}{}:
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
		time.Sleep(2 * time.Millisecond)
		<-lock
		return nil
	}}
	server := grpc.NewServer(append(interceptors.ServerOptions(s.rules, opts...), grpc.WaitForHandlers(true), grpc.MaxRecvMsgSize(2*large), grpc.ForceServerCodecV2(s), grpc.StaticStreamWindowSize(64<<10))...)
	server.RegisterService(rig.Desc(), rig)
	listener := countingListener{bufconn.Listen(mebibyte), &s.read}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	cc, err := grpc.NewClient("passthrough:///tapped", append(interceptors.DialOptions(rpctest.One{}),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close() // nothing is left to send
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return cc
}

// call makes a call of a class with a request of that size.
func (s *tapped) call(cc *grpc.ClientConn, class criticality.Class, size int) error {
	ctx, cancel := context.WithTimeout(criticality.With(context.Background(), class), 250*time.Millisecond)
	defer cancel()
	return cc.Invoke(ctx, rpctest.Unary, wrapperspb.String(strings.Repeat("x", size)), new(wrapperspb.StringValue))
}

// swamp makes calls of class high at four times the capacity for three seconds, and in the
// last second large ones of a class. It returns how those ended.
func (s *tapped) swamp(cc *grpc.ClientConn, class criticality.Class) []error {
	var small sync.WaitGroup
	ends := make(chan error, larges)
	var before int64
	for i := range 6000 {
		small.Go(func() { _ = s.call(cc, criticality.High, 1) }) // some are refused
		if i >= 4000 && i%100 == 0 {
			if i == 4000 {
				before = s.read.Load()
			}
			go func() { ends <- s.call(cc, class, large) }()
		}
		time.Sleep(500 * time.Microsecond)
	}
	small.Wait()
	var all []error
	for range larges {
		all = append(all, <-ends)
	}
	s.read.Add(-before)
	return all
}

// Large requests that are refused are neither decoded nor read, and counted as refusals;
// without the tap they are, as are those of calls that matter, or that a rule exempts.
func TestOverloadTap(t *testing.T) {
	t.Parallel()
	exempt := []rules.Rule{{Match: rpctest.Unary, Policies: []rules.Template{overload.Each(overload.Config{Mode: overload.Exempt})}}}
	for name, tt := range map[string]struct {
		tap              bool
		rules            []rules.Rule
		class            criticality.Class
		decoded, refused int // at least
	}{
		"tapped":         {true, nil, criticality.Low, 0, larges},
		"not":            {false, nil, criticality.Low, larges, larges},
		"tapped, matter": {true, nil, criticality.Critical, larges, 0},
		"tapped, exempt": {true, exempt, criticality.Low, larges, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := new(tapped)
				opts := []interceptors.ServerOption{controlled()}
				seen := 0
				if tt.tap {
					opts = append(opts, interceptors.WithOverloadTap(func(ctx context.Context, _ *tap.Info) (context.Context, error) {
						seen++
						return ctx, nil
					}))
				}
				cc := s.start(t, tt.rules, opts...)
				refused := 0
				for _, err := range s.swamp(cc, tt.class) {
					if policy.ReasonOf(err) == policy.ReasonOverloaded {
						refused++
						checkTapped(t, err)
					}
				}
				s.check(t, refused, tt.decoded, tt.refused, tt.rules != nil)
				if tt.tap && seen == 0 {
					t.Error("the server's own tap was not asked")
				}
			})
		})
	}
}

// check requires that so many large requests were decoded and read, or none, and so many
// refused, or none, and that what observers heard is what the snapshot says.
func (s *tapped) check(t *testing.T, refused, decode, refuse int, exempt bool) {
	t.Helper()
	if n := int(s.decoded.Load()); n < decode || decode == 0 && n > 0 || refused < refuse || refuse == 0 && refused > 0 {
		t.Errorf("%d large requests were decoded and %d refused; want %d and %d", n, refused, decode, refuse)
	}
	if read := s.read.Load(); decode == 0 && read > larges*256<<10 || decode > 0 && read < larges*large {
		t.Errorf("%d bytes were read", read)
	}
	c := shownControl(s.rules).Snapshot()
	if heard := uint64(s.refusals.Load()); c.Rejected != heard || c.InFlight != 0 || !exempt && heard < 3000 {
		t.Errorf("observers heard of %d refusals, snapshot = %+v", heard, c)
	}
}

// checkTapped requires of a refusal that it says who refused and when to come back.
func checkTapped(t *testing.T, err error) {
	t.Helper()
	s := status.Convert(err)
	hasInfo, hasRetry := false, false
	for _, d := range s.Details() {
		switch d.(type) {
		case *errdetails.ErrorInfo:
			hasInfo = true
		case *errdetails.RetryInfo:
			hasRetry = true
		}
	}
	if s.Code() != codes.ResourceExhausted || !hasInfo || !hasRetry {
		t.Errorf("%v with %v", s, s.Details())
	}
}

// A tap of the server's own decides of what is let through, also without a control. What an
// edge must not let out stays inside.
func TestOverloadTapWrapsAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own := func(ctx context.Context, info *tap.Info) (context.Context, error) {
			return ctx, status.Error(codes.Unavailable, info.FullMethodName)
		}
		for _, opts := range [][]interceptors.ServerOption{
			{interceptors.WithOverloadTap(own)}, {controlled(), interceptors.WithOverloadTap(own)},
		} {
			s := new(tapped)
			cc := s.start(t, nil, opts...)
			if err := s.call(cc, criticality.High, 1); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), rpctest.Unary) {
				t.Errorf("%v", err)
			}
		}
	})
}

// Of a silent server nobody learns from the tap what there is.
func TestOverloadTapIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(tapped)
		cc := s.start(t, nil, controlled(), interceptors.WithSilence(),
			interceptors.WithTrustedCallers(func(context.Context) bool { return true }), interceptors.WithOverloadTap(nil))
		for _, err := range s.swamp(cc, criticality.Low) {
			if strings.Contains(err.Error(), "overload") || policy.ReasonOf(err) != "" {
				t.Errorf("%v with %v", err, status.Convert(err).Details())
			}
		}
		if s.decoded.Load() > 0 {
			t.Errorf("%d large requests were decoded", s.decoded.Load())
		}
	})
}

// Nobody need observe the rules for the tap to refuse.
func TestOverloadTapUnobserved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &tapped{unobserved: true}
		cc := s.start(t, nil, controlled(), interceptors.WithOverloadTap(nil))
		for _, err := range s.swamp(cc, criticality.Low) {
			if policy.ReasonOf(err) != policy.ReasonOverloaded {
				t.Errorf("%v; want a refusal for overload", err)
			}
		}
		if s.decoded.Load() > 0 {
			t.Errorf("%d large requests were decoded", s.decoded.Load())
		}
	})
}
