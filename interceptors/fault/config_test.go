package fault_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

type configTest struct {
	name string
	cfg  fault.Config
	// want is the error. Empty: none.
	want string
}

func (tt configTest) check(t *testing.T, err error) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != tt.want {
		t.Errorf("err = %q; want %q", got, tt.want)
	}
}

func configTests() []configTest {
	const (
		delay = "; must be in [0s, 24h0m0s]"
		share = "; must be in [0, 1]"
		count = "; must be in [0, 1000000]"
		code  = "; must be a status code, 0 to 16"
	)
	return []configTest{
		{name: "zero"},
		{name: "most", cfg: fault.Config{
			Delay: 24 * time.Hour, DelayShare: 1, Abort: codes.Unauthenticated, AbortShare: 1,
			Message: strings.Repeat("é", 512), AfterMessages: 1e6, MaxActive: 1e6,
		}},
		{name: "headers", cfg: fault.Config{Delay: time.Second, DelayShare: 0.5, AbortShare: 0.5, Headers: true}},
		{name: "ready to be switched on", cfg: fault.Config{Delay: time.Second, Abort: codes.Internal}},
		{
			name: "all negative", cfg: fault.Config{Delay: -1, DelayShare: -0.1, AbortShare: -0.2, AfterMessages: -1, MaxActive: -2},
			want: "fault: delay = -1ns" + delay + "\nfault: delay_share = -0.1" + share + "\nfault: abort_share = -0.2" + share +
				"\nfault: after_messages = -1" + count + "\nfault: max_active = -2" + count,
		},
		{
			name: "all beyond", cfg: fault.Config{
				Delay: 24*time.Hour + 1, DelayShare: 1.5, Abort: 17, AbortShare: 1.5,
				Message: strings.Repeat("x", 1025), AfterMessages: 1e6 + 1, MaxActive: math.MaxInt,
			},
			want: "fault: delay = 24h0m0.000000001s" + delay + "\nfault: delay_share = 1.5" + share +
				"\nfault: abort_share = 1.5" + share + "\nfault: abort = 17" + code +
				"\nfault: message = 1025 bytes; must be at most 1024 bytes" +
				"\nfault: after_messages = 1000001" + count + "\nfault: max_active = " + strconv.Itoa(math.MaxInt) + count,
		},
		{
			name: "no numbers", cfg: fault.Config{DelayShare: math.NaN(), AbortShare: math.Inf(1)},
			want: "fault: delay_share = NaN" + share + "\nfault: abort_share = +Inf" + share +
				"\nfault: abort = OK; must be a code other than OK with an abort_share",
		},
		{
			name: "nothing to abort with", cfg: fault.Config{AbortShare: 0.5},
			want: "fault: abort = OK; must be a code other than OK with an abort_share",
		},
		{name: "no code", cfg: fault.Config{Abort: math.MaxUint32}, want: "fault: abort = 4294967295" + code},
		{
			name: "headers and a code", cfg: fault.Config{Abort: codes.Internal, Headers: true},
			want: "fault: abort = Internal; must be OK with headers, which choose the code",
		},
		{name: "no text", cfg: fault.Config{Message: "a\xff"}, want: `fault: message = "a\xff"; must be UTF-8`},
	}
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range configTests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := fault.New(tt.cfg)
			tt.check(t, err)
			if err != nil && f != nil {
				t.Errorf("New = %v; want none with an error", f)
			}
			made, err := fault.Each(tt.cfg).New(rules.Key{})
			tt.check(t, err)
			if err != nil && made != nil {
				t.Errorf("Each made %v; want none with an error", made)
			}
		})
	}
}

// An update that fails changes nothing.
func TestUpdateFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range configTests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFault(t, always(0, codes.DataLoss))
			err := f.Update(tt.cfg)
			tt.check(t, err)
			if err != nil {
				wantInjected(t, strike(t, t.Context(), f, new(unary())), codes.DataLoss)
			}
		})
	}
}

func TestLayer(t *testing.T) {
	t.Parallel()
	if got := newFault(t, fault.Config{}).Layer(); got != policy.LayerFault {
		t.Errorf("Layer() = %v; want %v", got, policy.LayerFault)
	}
}
