package policy_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// reasons says which code each reason has.
var reasons = map[policy.Reason]codes.Code{
	policy.ReasonCircuitOpen:     codes.Unavailable,
	policy.ReasonBulkheadFull:    codes.ResourceExhausted,
	policy.ReasonQueueTimeout:    codes.ResourceExhausted,
	policy.ReasonRateLimited:     codes.ResourceExhausted,
	policy.ReasonDeadlineTooNear: codes.DeadlineExceeded,
	policy.ReasonCancelled:       codes.Canceled,
	policy.ReasonTimeout:         codes.DeadlineExceeded,
	policy.ReasonFaultInjected:   codes.Unavailable,
	"OF_A_USER":                  codes.Unavailable,
	"":                           codes.Unavailable,
}

func TestRejectionCodes(t *testing.T) {
	t.Parallel()
	for reason, want := range reasons {
		t.Run("reason "+string(reason), func(t *testing.T) {
			t.Parallel()
			r := &policy.Rejection{Reason: reason}
			if got := reason.Code(); got != want {
				t.Errorf("Reason.Code = %v; want %v", got, want)
			}
			if got := policy.Code(r); got != want {
				t.Errorf("Code = %v; want %v", got, want)
			}
			if got := status.Code(r); got != want {
				t.Errorf("status.Code = %v; want %v", got, want)
			}
			if got := status.Code(fmt.Errorf("get: %w", r)); got != want {
				t.Errorf("status.Code of it wrapped = %v; want %v", got, want)
			}
		})
	}
}

func TestRejectionError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		r     policy.Rejection
		retry time.Duration
		want  string
	}{
		{"bare", policy.Rejection{Reason: policy.ReasonCircuitOpen}, 0, "CIRCUIT_OPEN: "},
		{"with a sentinel", *full(), 0, "test: full: /shop.Catalog/Get (payments)"},
		{
			"named as the method",
			policy.Rejection{Reason: "R", Name: method, Method: method},
			0,
			"R: /shop.Catalog/Get",
		},
		{
			"with a time",
			policy.Rejection{Reason: "R", Method: method},
			1500*time.Millisecond + time.Microsecond,
			"R: /shop.Catalog/Get, retry in 1.5s",
		},
		{"time is over", policy.Rejection{Reason: "R", Method: method}, -time.Hour, "R: /shop.Catalog/Get, retry in 0s"},
		{"not UTF-8", policy.Rejection{Reason: "R", Method: "/a\xff/b", Name: "\xfe"}, 0, "R: /a\uFFFD/b (\uFFFD)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := tt.r
				if tt.retry != 0 {
					r.Retry = time.Now().Add(tt.retry)
				}
				if got := r.Error(); got != tt.want {
					t.Errorf("Error() = %q; want %q", got, tt.want)
				}
				if got := r.GRPCStatus().Message(); got != tt.want {
					t.Errorf("status message = %q; want %q", got, tt.want)
				}
			})
		})
	}
}

func TestRejectionInATree(t *testing.T) {
	t.Parallel()
	r := full()
	for _, tt := range []struct {
		name string
		err  error
	}{
		{"bare", r},
		{"wrapped", fmt.Errorf("page: %w", fmt.Errorf("get: %w", r))},
		{"joined", errors.Join(errPlain, r)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var found *policy.Rejection
			if !errors.As(tt.err, &found) || found != r {
				t.Errorf("errors.As finds %v; want the rejection", found)
			}
			if !errors.Is(tt.err, errFull) {
				t.Error("errors.Is does not find the sentinel")
			}
			if !policy.IsRejection(tt.err) {
				t.Error("IsRejection = false")
			}
			if got := policy.ReasonOf(tt.err); got != policy.ReasonBulkheadFull {
				t.Errorf("ReasonOf = %q; want BULKHEAD_FULL", got)
			}
		})
	}
}

// details returns the ErrorInfo of s and the RetryInfo, nil if there is none.
func details(tb testing.TB, s *status.Status) (info *errdetails.ErrorInfo, retry *errdetails.RetryInfo) {
	tb.Helper()
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.RetryInfo:
			retry = d
		default:
			tb.Errorf("detail %T %v", d, d)
		}
	}
	if info == nil {
		tb.Fatalf("no ErrorInfo in %v", s)
	}
	return info, retry
}

func TestRejectionDetails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                 string
		r                    policy.Rejection
		policy, of, ofMethod string
	}{
		{"usual", *full(), "bulkhead", "payments", method},
		{"empty", policy.Rejection{Reason: "R"}, "", "", ""},
		{"not UTF-8", policy.Rejection{Kind: "p\xc3", Name: "\xff", Method: "/a/\xf0"}, "p\uFFFD", "\uFFFD", "/a/\uFFFD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			info, retry := details(t, tt.r.GRPCStatus())
			if info.GetDomain() != "afloat" || info.GetReason() != string(tt.r.Reason) {
				t.Errorf("ErrorInfo = %v; want the reason %q of afloat", info, tt.r.Reason)
			}
			meta := info.GetMetadata()
			if len(meta) != 3 || meta["policy"] != tt.policy || meta["name"] != tt.of || meta["method"] != tt.ofMethod {
				t.Errorf("metadata = %q; want %q, %q, %q", meta, tt.policy, tt.of, tt.ofMethod)
			}
			if retry != nil {
				t.Errorf("RetryInfo = %v; want none, the time is not known", retry)
			}
		})
	}
}

func TestRetryInfoShrinks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := full()
		r.Retry = time.Now().Add(5 * time.Second)
		for _, want := range []time.Duration{5 * time.Second, 3 * time.Second, time.Second, 0, 0} {
			_, retry := details(t, r.GRPCStatus())
			if retry == nil {
				t.Fatalf("no RetryInfo; want one of %v", want)
			}
			if got := retry.GetRetryDelay().AsDuration(); got != want {
				t.Errorf("retry delay = %v; want %v", got, want)
			}
			time.Sleep(2 * time.Second)
		}
	})
}

func TestReasonOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		want policy.Reason
	}{
		{"nil", nil, ""},
		{"plain", errPlain, ""},
		{"no details", errDown, ""},
		{"ours", full(), policy.ReasonBulkheadFull},
		{"ours, of a user", &policy.Rejection{Reason: "OF_A_USER"}, "OF_A_USER"},
		{"a peer's", remote(t, codes.Unavailable, policy.Domain, policy.ReasonCircuitOpen), policy.ReasonCircuitOpen},
		{
			"a peer's, wrapped",
			fmt.Errorf("get: %w", remote(t, codes.Unavailable, policy.Domain, policy.ReasonCircuitOpen)),
			policy.ReasonCircuitOpen,
		},
		{"of another domain", remote(t, codes.Unavailable, "elsewhere.example", policy.ReasonCircuitOpen), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := policy.ReasonOf(tt.err); got != tt.want {
				t.Errorf("ReasonOf = %q; want %q", got, tt.want)
			}
		})
	}
}

// spent is an error with a detail.
func spent(t *testing.T, code codes.Code, detail protoadapt.MessageV1) error {
	t.Helper()
	s, err := status.New(code, "spent").WithDetails(detail)
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

func TestRetriable(t *testing.T) {
	t.Parallel()
	all := func(error) bool { return true }
	onlyPlain := func(err error) bool { return errors.Is(err, errPlain) }
	for _, tt := range []struct {
		name string
		next func(error) bool
		err  error
		want bool
	}{
		{"success", nil, nil, false},
		{"success, whatever next says", all, nil, false},
		{"unavailable", nil, errDown, true},
		{"unavailable, wrapped", nil, fmt.Errorf("get: %w", errDown), true},
		{"exhausted", nil, status.Error(codes.ResourceExhausted, ""), false},
		{"a message that is too large", nil, status.Error(codes.ResourceExhausted, "grpc: received message larger than max (5 vs. 4)"), false},
		{"exhausted, for a known time", nil, spent(t, codes.ResourceExhausted, &errdetails.RetryInfo{}), true},
		{"exhausted, for a known time, wrapped", nil, fmt.Errorf("get: %w", spent(t, codes.ResourceExhausted, &errdetails.RetryInfo{})), true},
		{"exhausted, with other details", nil, spent(t, codes.ResourceExhausted, &errdetails.QuotaFailure{}), false},
		{"exhausted, whatever for", all, status.Error(codes.ResourceExhausted, ""), true},
		{"another code, for a known time", nil, spent(t, codes.NotFound, &errdetails.RetryInfo{}), false},
		{"not found", nil, status.Error(codes.NotFound, ""), false},
		{"refusal", nil, full(), false},
		{"refusal, wrapped", nil, fmt.Errorf("get: %w", full()), false},
		{"refusal, whatever next says", all, full(), false},
		{"a peer's open circuit", nil, remote(t, codes.Unavailable, policy.Domain, policy.ReasonCircuitOpen), false},
		{"a peer's open circuit, whatever next says", all, remote(t, codes.Unavailable, policy.Domain, policy.ReasonCircuitOpen), false},
		{
			"a peer's open circuit, passed on", nil,
			fmt.Errorf("get: %w", remote(t, codes.Unavailable, policy.Domain, policy.ReasonCircuitOpen)), false,
		},
		{"a peer has no time", all, remote(t, codes.DeadlineExceeded, policy.Domain, policy.ReasonDeadlineTooNear), false},
		{"a peer was cancelled", all, remote(t, codes.Canceled, policy.Domain, policy.ReasonCancelled), false},
		{"a peer is full", nil, remote(t, codes.ResourceExhausted, policy.Domain, policy.ReasonBulkheadFull), false},
		{"a peer's queue is long", nil, remote(t, codes.ResourceExhausted, policy.Domain, policy.ReasonQueueTimeout), false},
		{"a peer limits the rate", nil, remote(t, codes.ResourceExhausted, policy.Domain, policy.ReasonRateLimited), false},
		{"a peer's timeout", all, remote(t, codes.DeadlineExceeded, policy.Domain, policy.ReasonTimeout), true},
		{"a reason of another domain", nil, remote(t, codes.Unavailable, "elsewhere.example", policy.ReasonCircuitOpen), true},
		{"next says yes", onlyPlain, errPlain, true},
		{"next says no", onlyPlain, errDown, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := policy.Retriable(tt.next)(tt.err); got != tt.want {
				t.Errorf("retriable = %v; want %v", got, tt.want)
			}
		})
	}
}

func FuzzRejection(f *testing.F) {
	f.Add("breaker", method, method, "CIRCUIT_OPEN")
	f.Add("\xff", "\xfe\xfd", "/a/\xf0\x90", "\x80")
	f.Fuzz(func(t *testing.T, kind, name, method, reason string) {
		r := &policy.Rejection{Kind: kind, Name: name, Method: method, Reason: policy.Reason(reason)}
		s := r.GRPCStatus()
		if len(s.Details()) != 1 || !utf8.ValidString(s.Message()) {
			t.Errorf("status %v has %d details; want 1 and a message of UTF-8", s, len(s.Details()))
		}
		if policy.Classify(r) != policy.Ignored {
			t.Errorf("%v is not ignored", r)
		}
	})
}

func TestPanicErrorTellsClientsNothing(t *testing.T) {
	t.Parallel()
	err := &policy.PanicError{Value: "the password is 1234"}
	if !errors.Is(err, policy.ErrPanicked) || err.Error() != "panicked: the password is 1234" {
		t.Errorf("error = %v", err)
	}
	if s := status.Convert(err); s.Code() != codes.Internal || s.Message() != "panicked" {
		t.Errorf("status = %v", s)
	}
	if got := (&policy.PanicError{}).Error(); got != "panicked: runtime.Goexit was called" {
		t.Errorf("error = %v", got)
	}
}
