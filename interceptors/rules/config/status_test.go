package config_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Every figure of a policy's own snapshot is in the message, in the field of its name.
func TestStatusOfEveryPolicyIsInTheMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ config, status any }{
		{breaker.Config{}, breaker.Snapshot{}},
		{bulkhead.Config{}, bulkhead.Snapshot{}},
		{ratelimit.Config{}, ratelimit.Snapshot{}},
		{fault.Config{}, fault.Snapshot{}},
	} {
		t.Run(fmt.Sprintf("%T", tt.status), func(t *testing.T) {
			t.Parallel()
			status, want := figured(tt.status)
			m := config.Snapshot{Policies: []config.LivePolicy{{Config: tt.config, Status: status}}}.Message().GetPolicies()[0].ProtoReflect()
			told := m.Get(m.WhichOneof(m.Descriptor().Oneofs().ByName("status"))).Message()
			fields := told.Descriptor().Fields()
			config := fields.ByName("config").Message().Fields()
			for i := range fields.Len() {
				fd := fields.Get(i)
				if fd.Name() == "config" || fd.Name() == "state" {
					continue
				}
				if got := figureIn(told.Get(fd)); got != want[fd.Name()] || got == 0 {
					t.Errorf("%s is %v; want %v", fd.Name(), got, want[fd.Name()])
				}
				delete(want, fd.Name())
			}
			for name := range want {
				if config.ByName(name) == nil { // else it is there
					t.Errorf("%s of %T is not in the message", name, tt.status)
				}
			}
		})
	}
}

// figured is a snapshot with another figure in every field, and the figures by the names
// that their fields have in a message.
func figured(status any) (filled any, want map[protoreflect.Name]float64) {
	v := reflect.New(reflect.TypeOf(status)).Elem()
	want = map[protoreflect.Name]float64{}
	for i := range v.NumField() {
		f, figure := v.Field(i), i+1
		switch f.Interface().(type) {
		case int:
			f.SetInt(int64(figure))
		case time.Duration:
			f.SetInt(int64(time.Duration(figure) * time.Second))
		case uint64:
			f.SetUint(uint64(figure))
		case float64:
			f.SetFloat(float64(figure))
		case time.Time:
			f.Set(reflect.ValueOf(time.Unix(int64(figure), 0)))
		default:
			continue // a name, a state
		}
		want[protoreflect.Name(snakeCase(v.Type().Field(i).Name))] = float64(figure)
	}
	return v.Interface(), want
}

// figureIn is the figure that a field holds.
func figureIn(v protoreflect.Value) float64 {
	switch v := v.Interface().(type) {
	case int32:
		return float64(v)
	case uint64:
		return float64(v)
	case float64:
		return v
	case protoreflect.Message:
		if d, ok := v.Interface().(*durationpb.Duration); ok {
			return d.AsDuration().Seconds()
		}
		at, _ := v.Interface().(*timestamppb.Timestamp)
		return float64(at.GetSeconds())
	default:
		return 0
	}
}

// Every state of a breaker has a name of its own in the message.
func TestStatesOfBreakersAreInTheMessage(t *testing.T) {
	t.Parallel()
	for state := breaker.Closed; state <= breaker.Disabled; state++ {
		p := config.LivePolicy{Config: breaker.Config{}, Status: breaker.Snapshot{State: state}}
		got := config.Snapshot{Policies: []config.LivePolicy{p}}.Message().GetPolicies()[0].GetBreaker().GetState().String()
		want := map[breaker.State]string{
			breaker.Closed: "STATE_CLOSED", breaker.Open: "STATE_OPEN", breaker.HalfOpen: "STATE_HALF_OPEN",
			breaker.ForcedOpen: "STATE_FORCED_OPEN", breaker.Disabled: "STATE_DISABLED",
		}[state]
		if got != want {
			t.Errorf("%v is told as %s; want %s", state, got, want)
		}
	}
}

// The counts of the rules themselves are told, and in the message too.
func TestCountsAreInTheSnapshot(t *testing.T) {
	t.Parallel()
	s := newSet(t, config.WithPolicyOptions(rules.WithMaxKeys(1)), config.WithRules(rules.Rule{
		Match: "*", Policies: []rules.Template{{New: func(rules.Key) (policy.Policy, error) { return own{}, nil }}},
	}))
	for i := range 4 {
		s.Rules().Resolve(&policy.Call{Method: fmt.Sprintf("/a.B/%d", i)})
	}
	for range 2 {
		if err := s.Apply(nil); err != nil {
			t.Fatal(err)
		}
	}
	_ = s.Apply([]rules.Rule{within("x", 0)})
	snap := s.Snapshot()
	if snap.Overflowed != 3 || snap.Applied != 2 || snap.Refused != 1 {
		t.Errorf("%d overflowed, %d applied, %d refused; want 3, 2, 1", snap.Overflowed, snap.Applied, snap.Refused)
	}
	if m := snap.Message(); m.GetOverflowed() != 3 || m.GetChangesApplied() != 2 || m.GetChangesRefused() != 1 {
		t.Errorf("the message has %d, %d, %d; want 3, 2, 1", m.GetOverflowed(), m.GetChangesApplied(), m.GetChangesRefused())
	}
}

// A rule and a policy have all their names in the message.
func TestNamesAreInTheMessage(t *testing.T) {
	t.Parallel()
	snap := config.Snapshot{
		Rules: []config.RuleInForce{{
			Rule:   rules.Rule{Match: "/shop.*", Target: "dns:///a", Sides: []policy.Side{policy.Client}, Shadow: true},
			Source: config.File, Place: "rules.yaml:2:5",
		}},
		Policies: []config.LivePolicy{{Live: rules.Live{
			Kind: "quota", Side: policy.Server, Target: "dns:///a", Name: "/shop.Payments/", Scope: rules.PerService,
			Match: "/shop.*", Shadow: true,
		}}},
	}
	m := snap.Message()
	wantRule := &policyv1.RuleInForce{
		Rule:   &policyv1.Rule{Match: "/shop.*", Target: "dns:///a", Side: policyv1.Side_SIDE_CLIENT, Shadow: true},
		Source: policyv1.Source_SOURCE_FILE, Place: "rules.yaml:2:5",
	}
	if got := m.GetRules()[0]; !proto.Equal(got, wantRule) {
		t.Errorf("rule %v; want %v", got, wantRule)
	}
	wantPolicy := &policyv1.LivePolicy{
		Kind: "quota", Side: policyv1.Side_SIDE_SERVER, Target: "dns:///a", Name: "/shop.Payments/",
		Scope: policyv1.Scope_SCOPE_PER_SERVICE, Match: "/shop.*", Shadow: true,
	}
	if got := m.GetPolicies()[0]; !proto.Equal(got, wantPolicy) {
		t.Errorf("policy %v; want %v", got, wantPolicy)
	}
}
