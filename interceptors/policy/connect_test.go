package policy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// number is a code as connect-go has it.
type number uint32

// String names the code as connect-go does.
func (n number) String() string {
	name := codes.Code(n).String()
	if name == "OK" || strings.HasPrefix(name, "Code(") {
		return fmt.Sprintf("code_%d", uint32(n))
	}
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r < 'a' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// first and second have the methods of the errors of connect-go and of its version 2.
type (
	first struct {
		code    number
		err     error
		details []*firstDetail
	}
	firstDetail struct {
		kind  string
		value []byte
	}
	second struct {
		code    number
		text    string
		details []*secondDetail
	}
	secondDetail struct {
		Type  string
		Value []byte
	}
)

func (e *first) Error() string           { return e.code.String() + ": " + e.Message() }
func (e *first) Message() string         { return e.err.Error() }
func (e *first) Unwrap() error           { return e.err }
func (e *first) Code() number            { return e.code }
func (e *first) Details() []*firstDetail { return e.details }

func (d *firstDetail) Type() string  { return d.kind }
func (d *firstDetail) Bytes() []byte { return d.value }

func (e *second) Error() string            { return e.code.String() + ": " + e.text }
func (e *second) Message() string          { return e.text }
func (e *second) Code() number             { return e.code }
func (e *second) Details() []*secondDetail { return e.details }

// connectErrors returns one error in either form.
func connectErrors(tb testing.TB, code codes.Code, text string, details ...proto.Message) map[string]error {
	tb.Helper()
	one, two := &first{code: number(code), err: errors.New(text)}, &second{code: number(code), text: text}
	for _, d := range details {
		b, err := proto.Marshal(d)
		if err != nil {
			tb.Fatal(err)
		}
		name := string(d.ProtoReflect().Descriptor().FullName())
		one.details = append(one.details, &firstDetail{name, b})
		two.details = append(two.details, &secondDetail{name, b})
	}
	return map[string]error{"connect": one, "connect/v2": two}
}

// Bug: every error of connect-go was UNKNOWN, so twelve NOT_FOUND opened a circuit.
func TestErrorsOfConnectHaveTheirCode(t *testing.T) {
	t.Parallel()
	for code, want := range verdicts {
		for form, err := range connectErrors(t, code, "it was so") {
			for how, err := range map[string]error{
				"bare": err, "wrapped": fmt.Errorf("get: %w", err), "joined": errors.Join(errPlain, err),
			} {
				if got := policy.Code(err); got != code {
					t.Errorf("%s, %s: Code = %v; want %v", form, how, got, code)
				}
				if got := policy.Classify(err); got != want {
					t.Errorf("%s, %s: Classify of %v = %v; want %v", form, how, code, got, want)
				}
				if got := policy.MessageOf(err); got != "it was so" {
					t.Errorf("%s, %s: MessageOf = %q; want the text without the code", form, how, got)
				}
			}
		}
	}
}

func TestErrorsOfConnectSayWhyAPeerRefused(t *testing.T) {
	t.Parallel()
	info := &errdetails.ErrorInfo{Domain: policy.Domain, Reason: string(policy.ReasonCircuitOpen)}
	for form, err := range connectErrors(t, codes.Unavailable, "refused", info) {
		if got := policy.ReasonOf(err); got != policy.ReasonCircuitOpen {
			t.Errorf("%s: ReasonOf = %q; want the peer's", form, got)
		}
		if got := policy.Classify(err); got != policy.Shed {
			t.Errorf("%s: Classify = %v; want shed", form, got)
		}
		s, ok := policy.StatusOf(err)
		if want := remote(t, codes.Unavailable, policy.Domain, policy.ReasonCircuitOpen); !ok || len(s.Details()) != 1 ||
			!proto.Equal(s.Details()[0].(proto.Message), status.Convert(want).Details()[0].(proto.Message)) { //nolint:errcheck,forcetypeassert // known
			t.Errorf("%s: StatusOf = %v, %v; want the detail", form, s, ok)
		}
	}
}

// Errors whose codes are not in the form that connect-go has.
type (
	page     struct{ second }
	nameless struct{ second }
	textual  struct{ second }
	asking   struct{ second }
)

func (*page) Code() uint32        { return 5 }
func (*nameless) Code() int       { return 5 }
func (*textual) Code() string     { return "not_found" }
func (*asking) Code(error) number { return number(codes.NotFound) }

func TestOtherErrorsWithACodeAreUnknown(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"no name":           &page{},
		"another kind":      &nameless{},
		"a text":            &textual{},
		"a parameter":       &asking{},
		"no code at all":    &second{code: 0},
		"none of the codes": &second{code: 17},
	} {
		if got := policy.Code(err); got != codes.Unknown {
			t.Errorf("%s: Code = %v; want UNKNOWN", name, got)
		}
	}
}

// A status counts before whatever else says something, and the innermost of several errors
// that are none is found.
func TestAStatusIsReadFirst(t *testing.T) {
	t.Parallel()
	both := errors.Join(&second{code: number(codes.NotFound)}, status.Error(codes.Unavailable, "down"))
	if got := policy.Code(both); got != codes.Unavailable {
		t.Errorf("Code = %v; want that of the status", got)
	}
	behind := &first{code: 0, err: &second{code: number(codes.NotFound), text: "no such order"}}
	if got := policy.Code(behind); got != codes.NotFound {
		t.Errorf("Code = %v; want that of the error behind one without", got)
	}
}

// A call that a policy ended says so, whatever client noticed it.
func TestConnectCallEndedByAPolicy(t *testing.T) {
	t.Parallel()
	mine := status.Error(codes.DeadlineExceeded, "the policy's")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(mine)
	for _, code := range []codes.Code{codes.Canceled, codes.DeadlineExceeded} {
		err := &first{code: number(code), err: context.Canceled}
		if got := policy.Attribute(t.Context(), ctx, err); got != mine { //nolint:errorlint // the very same
			t.Errorf("Attribute of %v = %v; want the policy's error", code, got)
		}
	}
}
