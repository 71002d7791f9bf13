package http

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// Transport makes requests under a chain of policies, which should be those of one
// dependency. It is safe for concurrent use. Make one with [New].
type Transport struct {
	chain *policy.Chain
	base  http.RoundTripper
}

// New returns a transport that makes requests with base under the policies of a chain. A
// nil base is http.DefaultTransport.
func New(chain *policy.Chain, base http.RoundTripper) *Transport {
	if base == nil {
		base = http.DefaultTransport
	}
	return &Transport{chain, base}
}

// RoundTrip makes a request. A refusal is its error, in which errors.Is finds what the
// policy says of it, such as breaker.ErrOpen. The context of the request ends with the body.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := &call{caller: req.Context()}
	returned := false
	defer func() {
		if !returned {
			c.admission.Abandon()
		}
	}()
	resp, err := t.roundTrip(c, req) //nolint:contextcheck // it is in the call
	returned = true
	return resp, err
}

// roundTrip makes a request that is the call.
func (t *Transport) roundTrip(c *call, req *http.Request) (*http.Response, error) {
	c.admission.Call = policy.Call{Method: req.Method + " " + req.URL.Host, Side: policy.Local}
	c.admission.Call.Deadline, _ = c.caller.Deadline()
	ctx, err := t.chain.Admit(c.caller, &c.admission)
	if err != nil {
		if req.Body != nil {
			err = errors.Join(err, req.Body.Close()) // as a RoundTripper must
		}
		return nil, err
	}
	c.ctx = ctx
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, c.end(err, nil)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		_ = c.end(nil, resp) // what follows is a connection of the caller's
		return resp, nil
	}
	resp.Body = &body{ReadCloser: resp.Body, call: c, resp: resp}
	return resp, nil
}

// call is a request on its way.
type call struct {
	caller, ctx context.Context //nolint:containedctx // they live as long as the call
	once        sync.Once
	admission   policy.Admission
}

// end settles the call, once, and returns the error that the caller gets.
func (c *call) end(err error, resp *http.Response) error {
	err = policy.Attribute(c.caller, c.ctx, err)
	c.once.Do(func() {
		o := policy.Outcome{Err: err}
		if resp != nil {
			o.Sent, o.Answered = policy.Yes, policy.Yes
		}
		if err == nil && resp != nil {
			o.Err, o.Pushback = statusOf(resp), retryAfter(resp)
		}
		c.admission.SettleAs(o)
	})
	return err
}

// body ends the call with the body of its response.
type body struct {
	io.ReadCloser

	call *call
	resp *http.Response
}

// Read reads from the body. At the end of it, the call has ended.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		_ = b.call.end(nil, b.resp)
	case err != nil:
		err = b.call.end(err, b.resp)
	}
	return n, err
}

// Close closes the body. A caller who does not want the rest has been answered.
func (b *body) Close() error {
	defer func() { _ = b.call.end(nil, b.resp) }()
	return b.ReadCloser.Close()
}

// statusOf returns what a response means to a policy, as the error of a gRPC status: nil if
// it is an answer, if only that the caller made a mistake.
func statusOf(resp *http.Response) error {
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		return status.Error(codes.ResourceExhausted, resp.Status)
	case code == http.StatusGatewayTimeout:
		return status.Error(codes.DeadlineExceeded, resp.Status)
	case code == http.StatusBadGateway, code == http.StatusServiceUnavailable:
		return status.Error(codes.Unavailable, resp.Status)
	case code == http.StatusNotImplemented:
		return nil
	case code >= http.StatusInternalServerError:
		return status.Error(codes.Internal, resp.Status)
	default:
		return nil
	}
}

// retryAfter returns how long a server asks to be left alone, 0 if it does not.
func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0 // none, or a date
	}
	return time.Duration(seconds) * time.Second
}
