package policy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// verdicts says what each code means.
var verdicts = map[codes.Code]policy.Verdict{
	codes.Canceled:           policy.Ignored,
	codes.Unknown:            policy.Failure,
	codes.InvalidArgument:    policy.Success,
	codes.DeadlineExceeded:   policy.Failure,
	codes.NotFound:           policy.Success,
	codes.AlreadyExists:      policy.Success,
	codes.PermissionDenied:   policy.Success,
	codes.ResourceExhausted:  policy.Shed,
	codes.FailedPrecondition: policy.Success,
	codes.Aborted:            policy.Success,
	codes.OutOfRange:         policy.Success,
	codes.Unimplemented:      policy.Success,
	codes.Internal:           policy.Failure,
	codes.Unavailable:        policy.Failure,
	codes.DataLoss:           policy.Failure,
	codes.Unauthenticated:    policy.Success,
}

func TestClassifyCodes(t *testing.T) {
	t.Parallel()
	for code, want := range verdicts {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			err := status.Error(code, "it was so")
			for _, tt := range []struct {
				name string
				err  error
			}{
				{"bare", err},
				{"wrapped", fmt.Errorf("get: %w", err)},
				{"wrapped twice", fmt.Errorf("page: %w", fmt.Errorf("get: %w", err))},
				{"joined", errors.Join(errPlain, err)},
			} {
				if got := policy.Code(tt.err); got != code {
					t.Errorf("%s: Code = %v; want %v", tt.name, got, code)
				}
				if got := policy.Classify(tt.err); got != want {
					t.Errorf("%s: Classify = %v; want %v", tt.name, got, want)
				}
			}
		})
	}
}

// statusless is an error whose status is s, which may be nil or OK.
type statusless struct{ s *status.Status }

func (statusless) Error() string { return "no status to speak of" }

func (e statusless) GRPCStatus() *status.Status { return e.s }

func TestClassify(t *testing.T) {
	t.Parallel()
	noStatus, okStatus := statusless{}, statusless{status.New(codes.OK, "fine")}
	for _, tt := range []struct {
		name string
		err  error
		code codes.Code
		want policy.Verdict
	}{
		{"nil", nil, codes.OK, policy.Success},
		{"plain", errPlain, codes.Unknown, policy.Failure},
		{"wrapped plain", fmt.Errorf("get: %w", io.ErrUnexpectedEOF), codes.Unknown, policy.Failure},
		{"cancelled", context.Canceled, codes.Canceled, policy.Ignored},
		{"wrapped cancelled", fmt.Errorf("get: %w", context.Canceled), codes.Canceled, policy.Ignored},
		{"deadline", context.DeadlineExceeded, codes.DeadlineExceeded, policy.Failure},
		{"joined deadline", errors.Join(errPlain, context.DeadlineExceeded), codes.DeadlineExceeded, policy.Failure},
		{"a status before a context error", errors.Join(context.Canceled, errDown), codes.Unavailable, policy.Failure},
		{"nil status", noStatus, codes.Unknown, policy.Failure},
		{"wrapped nil status", fmt.Errorf("get: %w", noStatus), codes.Unknown, policy.Failure},
		{"OK status", okStatus, codes.Unknown, policy.Failure},
		{"wrapped OK status", fmt.Errorf("get: %w", okStatus), codes.Unknown, policy.Failure},

		{"rejection, RESOURCE_EXHAUSTED", full(), codes.ResourceExhausted, policy.Ignored},
		{"rejection, UNAVAILABLE", &policy.Rejection{Reason: policy.ReasonCircuitOpen}, codes.Unavailable, policy.Ignored},
		{
			"wrapped rejection, UNAVAILABLE", fmt.Errorf("get: %w", &policy.Rejection{Reason: policy.ReasonCircuitOpen}),
			codes.Unavailable, policy.Ignored,
		},
		{
			"rejection, DEADLINE_EXCEEDED", &policy.Rejection{Reason: policy.ReasonDeadlineTooNear},
			codes.DeadlineExceeded, policy.Ignored,
		},
		{
			"joined rejection", errors.Join(errPlain, &policy.Rejection{Reason: "OF_A_USER"}),
			codes.Unavailable, policy.Ignored,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := policy.Code(tt.err); got != tt.code {
				t.Errorf("Code = %v; want %v", got, tt.code)
			}
			if got := policy.Classify(tt.err); got != tt.want {
				t.Errorf("Classify = %v; want %v", got, tt.want)
			}
			if got := policy.Classifier(nil).Verdict(tt.err); got != tt.want {
				t.Errorf("the nil Classifier says %v; want %v", got, tt.want)
			}
		})
	}
}

// A peer's reason is believed only with the code that it comes with, in every
// combination of the two.
func TestClassifyOfAPeersReason(t *testing.T) {
	t.Parallel()
	believed := map[policy.Reason]codes.Code{
		policy.ReasonCircuitOpen:     codes.Unavailable,
		policy.ReasonBulkheadFull:    codes.ResourceExhausted,
		policy.ReasonQueueTimeout:    codes.ResourceExhausted,
		policy.ReasonRateLimited:     codes.ResourceExhausted,
		policy.ReasonOverruns:        codes.ResourceExhausted,
		policy.ReasonDeadlineTooNear: codes.DeadlineExceeded,
		policy.ReasonCancelled:       codes.Canceled,
		policy.ReasonTimeout:         codes.DeadlineExceeded,
	}
	sheds := map[policy.Reason]bool{policy.ReasonCircuitOpen: true, policy.ReasonDeadlineTooNear: true}
	for _, reason := range []policy.Reason{
		policy.ReasonCircuitOpen, policy.ReasonBulkheadFull, policy.ReasonQueueTimeout, policy.ReasonRateLimited,
		policy.ReasonOverruns, policy.ReasonDeadlineTooNear, policy.ReasonCancelled, policy.ReasonTimeout, policy.ReasonFaultInjected, "MADE_UP",
	} {
		for code := codes.Canceled; code <= 18; code++ {
			wantReason := reason
			if with, known := believed[reason]; known && with != code {
				wantReason = ""
			}
			want, known := verdicts[code]
			switch {
			case !known:
				want = policy.Failure // UNKNOWN
			case wantReason != "" && sheds[reason]:
				want = policy.Shed
			}
			err := remote(t, code, policy.Domain, reason)
			for _, err := range []error{err, fmt.Errorf("get: %w", err)} {
				if got := policy.Classify(err); got != want {
					t.Errorf("%v, %s: Classify = %v; want %v", code, reason, got, want)
				}
				if got := policy.ReasonOf(err); got != wantReason {
					t.Errorf("%v, %s: ReasonOf = %q; want %q", code, reason, got, wantReason)
				}
				if policy.IsRejection(err) {
					t.Errorf("%v, %s: IsRejection = true; want false, it is not ours", code, reason)
				}
			}
			for _, domain := range []string{"elsewhere.example", ""} {
				plain := policy.Classify(status.Error(code, "it was so"))
				if got := policy.Classify(remote(t, code, domain, reason)); got != plain {
					t.Errorf("%v, %s of domain %q: Classify = %v; want %v", code, reason, domain, got, plain)
				}
			}
		}
	}
}

// A peer may send any number for a code.
func TestCodesBeyondTheLastAreUnknown(t *testing.T) {
	t.Parallel()
	for _, code := range []codes.Code{17, 99, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		err := status.Error(code, "it was so")
		for _, err := range []error{err, fmt.Errorf("get: %w", err), errors.Join(errPlain, err)} {
			if got := policy.Code(err); got != codes.Unknown {
				t.Errorf("Code(%v) = %v; want Unknown", err, got)
			}
			if got := policy.Classify(err); got != policy.Failure {
				t.Errorf("Classify(%v) = %v; want a failure", err, got)
			}
		}
	}
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		if got := policy.StandardCode(code); got != code {
			t.Errorf("StandardCode(%v) = %v", code, got)
		}
	}
}

func TestClassifierVerdict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		f    policy.Classifier
		err  error
		want policy.Verdict
	}{
		{"its word", func(error) policy.Verdict { return policy.Ignored }, errDown, policy.Ignored},
		{"success is success", func(error) policy.Verdict { return policy.Failure }, nil, policy.Success},
		{"no verdict is failure", func(error) policy.Verdict { return policy.NotStarted + 1 }, errDown, policy.Failure},
		{"panic is failure", func(error) policy.Verdict { panic("oops") }, status.Error(codes.NotFound, ""), policy.Failure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.f.Verdict(tt.err); got != tt.want {
				t.Errorf("Verdict = %v; want %v", got, tt.want)
			}
		})
	}
}

// A classifier of a call option that panics still settles the call.
func TestPanickingClassifierSettles(t *testing.T) {
	t.Parallel()
	s := &stage{name: "s"}
	var a policy.Admission
	defer a.Abandon()
	a.Classifier = func(error) policy.Verdict { panic("oops") }
	a.Call = policy.Call{}
	if _, err := newChain(t, []policy.Policy{s}).Admit(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	a.Settle(errPlain)
	if o := s.outcome(t); o.Verdict != policy.Failure || !errors.Is(o.Err, errPlain) {
		t.Errorf("settled with %+v; want a failure by the call's error", o)
	}
}
