package fault_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
)

// Faults change with the rules. Streams that await theirs go on to do so, unless
// it is another one.
func TestFaultsChangeWithTheRules(t *testing.T) {
	t.Parallel()
	with := func(cfg fault.Config) []rules.Rule {
		return []rules.Rule{{Match: "*", Policies: []rules.Template{fault.Each(cfg)}}}
	}
	late := fault.Config{Abort: codes.Internal, AbortShare: 1, AfterMessages: 1}
	r, err := rules.New(with(late))
	if err != nil {
		t.Fatal(err)
	}
	stream := policy.Call{Method: method, Shape: policy.BidiStream}
	open := func() *policy.Admission {
		a := new(policy.Admission)
		a.Call = stream
		if _, err := r.Resolve(&stream).Admit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if err := a.Message(policy.Sent); err != nil {
			t.Errorf("the first message: %v; want none", err)
		}
		return a
	}
	first, second := open(), open()
	if err := r.Apply(with(late)); err != nil {
		t.Fatal(err)
	}
	if err := first.Message(policy.Sent); policy.Code(err) != codes.Internal {
		t.Errorf("the second message: %v; want the fault that the rules still have", err)
	}
	if err := r.Apply(with(fault.Config{Delay: time.Hour})); err != nil {
		t.Fatal(err)
	}
	if err := second.Message(policy.Sent); err != nil {
		t.Errorf("the second message: %v; want no fault any more", err)
	}
	first.Settle(nil)
	second.Settle(nil)
	if err := fault.Each(late).Update(rules.Key{}, nil); err == nil {
		t.Error("Update of no fault = nil; want an error")
	}
}
