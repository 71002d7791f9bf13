package policy_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// A call whose request comes later starts when it does, and never if it does not come.
func TestSentLater(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		later bool
		wants policy.Wants
		sent  int // how often, after a second
		want  time.Duration
		none  bool // it never starts
		tells bool
	}{
		{"at once", false, policy.WantsStart | policy.WantsEnd, 1, 2 * time.Second, false, false},
		{"later", true, policy.WantsStart | policy.WantsEnd, 1, time.Second, false, true},
		{"twice", true, policy.WantsStart | policy.WantsEnd, 2, time.Second, false, true},
		{"never", true, policy.WantsStart | policy.WantsEnd, 0, 0, true, false},
		{"nobody wants to know", true, policy.WantsEnd, 1, 0, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &stage{name: "a", permit: policy.Permit{Wants: tt.wants}}
				a := policy.Admission{SentLater: tt.later}
				defer a.Abandon()
				if _, err := chainOf(t, []*stage{s}).Admit(t.Context(), &a); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				for i := range tt.sent {
					tell := a.Sent()
					if (tell != nil) != (tt.tells && i == 0) {
						t.Errorf("the %d. time it is to be told: %v", i+1, tell != nil)
					}
					if tell != nil {
						tell()
					}
				}
				time.Sleep(time.Second)
				a.Settle(nil)
				if a.Sent() != nil {
					t.Error("sent after the end")
				}
				o := s.outcome(t)
				if tt.none != (o.Started == 0) || !tt.none && o.End.Sub(o.Started) != tt.want {
					t.Errorf("started at %v, ended at %v; want it to have taken %v", o.Started, o.End, tt.want)
				}
			})
		})
	}
}
