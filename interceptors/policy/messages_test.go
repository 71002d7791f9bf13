package policy_test

import (
	"errors"
	"testing"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// listener is a stage whose settler hears of starts, responses and messages.
type listener struct {
	stage

	started, responded policy.Instant
	messages           []policy.Direction
	onMessage          error
}

func (l *listener) settler() policy.Permit {
	return policy.Permit{Settler: l, Token: 7, Wants: l.permit.Wants}
}

func (l *listener) hear(token uint64, what string) {
	if token != 7 {
		what = "another's token"
	}
	l.journal.note(what, l.name)
}

func (l *listener) Started(token uint64, at policy.Instant) {
	l.hear(token, "start")
	l.started = at
}

func (l *listener) Responded(token uint64, started, at policy.Instant) {
	l.hear(token, "response")
	l.started, l.responded = started, at
}

func (l *listener) Message(token uint64, d policy.Direction) error {
	l.hear(token, "message")
	l.messages = append(l.messages, d)
	return l.onMessage
}

// listen admits a stream with the listeners, one of which may be deaf: it wants
// everything but has no method to hear it.
func listen(tb testing.TB, a *policy.Admission, listeners ...*listener) *journal {
	tb.Helper()
	j := new(journal)
	all := policy.WantsStart | policy.WantsResponse | policy.WantsMessages
	policies := []policy.Policy{&stage{name: "deaf", permit: policy.Permit{Wants: all}}}
	for _, l := range listeners {
		l.journal = j
		policies = append(policies, handing{l.settler()})
	}
	a.Call = policy.Call{Shape: policy.BidiStream}
	if _, err := newChain(tb, policies).Admit(tb.Context(), a); err != nil {
		tb.Fatal(err)
	}
	return j
}

func TestSettlersHearWhatTheyWant(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		wants policy.Wants
		want  []string
	}{
		{"nothing", 0, []string{"settle l success"}},
		{"start", policy.WantsStart, []string{"start l", "settle l success"}},
		{"response", policy.WantsResponse, []string{"response l", "settle l success"}},
		{"messages", policy.WantsMessages, []string{"message l", "message l", "settle l success"}},
		{
			"all", policy.WantsStart | policy.WantsResponse | policy.WantsMessages,
			[]string{"start l", "message l", "response l", "message l", "settle l success"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := &listener{stage: stage{name: "l", permit: policy.Permit{Wants: tt.wants}}}
			var a policy.Admission
			j := listen(t, &a, l)
			message(t, &a, policy.Sent)
			if tell := a.Respond(); tell != nil {
				tell()
			}
			if a.Respond() != nil {
				t.Error("a second response is told of; want the first alone")
			}
			message(t, &a, policy.Received)
			a.Settle(nil)
			j.want(t, tt.want...)
			o := l.outcome(t)
			if l.responded != 0 && (l.started != o.Started || l.responded != o.Responded) {
				t.Errorf("heard of %d, %d; want the outcome's instants %d, %d",
					l.started, l.responded, o.Started, o.Responded)
			}
			if len(l.messages) > 0 && (l.messages[0] != policy.Sent || l.messages[1] != policy.Received) {
				t.Errorf("directions = %v; want sent, received", l.messages)
			}
		})
	}
}

func message(tb testing.TB, a *policy.Admission, d policy.Direction) {
	tb.Helper()
	if err := a.Message(d); err != nil {
		tb.Errorf("Message: %v", err)
	}
}

func TestMessageErrorEndsTheStream(t *testing.T) {
	t.Parallel()
	wants := policy.Permit{Wants: policy.WantsMessages}
	first := &listener{stage: stage{name: "first", permit: wants}}
	second := &listener{stage: stage{name: "second", permit: wants}, onMessage: errPlain}
	third := &listener{stage: stage{name: "third", permit: wants}}
	var a policy.Admission
	j := listen(t, &a, first, second, third)
	if err := a.Message(policy.Sent); !errors.Is(err, errPlain) {
		t.Errorf("Message = %v; want the listener's error", err)
	}
	j.want(t, "message first", "message second")
	a.Settle(nil)
}

func TestMessagesAreFreeWhenUnwanted(t *testing.T) {
	t.Parallel()
	l := &listener{stage: stage{name: "l"}}
	var a policy.Admission
	a.Call = policy.Call{}
	if _, err := newChain(t, []policy.Policy{handing{l.settler()}}).Admit(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	message(t, &a, policy.Sent)
	if a.Respond() != nil {
		t.Error("Respond() has somebody to tell; want nobody")
	}
	a.Settle(nil)
	if o := l.outcome(t); o.Responded != 0 {
		t.Errorf("Responded = %d; want the clock unread", o.Responded)
	}
}

// A message may be told of, and a response, after the end.
func TestMessagesAfterTheEnd(t *testing.T) {
	t.Parallel()
	l := &listener{stage: stage{name: "l", permit: policy.Permit{Wants: policy.WantsMessages | policy.WantsResponse}}}
	var a policy.Admission
	j := listen(t, &a, l)
	tell := a.Respond()
	a.Settle(nil)
	tell()
	message(t, &a, policy.Received)
	j.want(t, "settle l success", "response l", "message l")
}

func TestNoResponseOutsideOfTheCall(t *testing.T) {
	t.Parallel()
	var a policy.Admission
	if a.Respond() != nil {
		t.Error("a response is noted before the call started")
	}
	l := &listener{stage: stage{name: "l", permit: policy.Permit{Wants: policy.WantsResponse}}}
	listen(t, &a, l)
	if !a.Wants(policy.WantsResponse) || a.Wants(policy.WantsEvidence) {
		t.Error("Wants does not say what the permits want")
	}
	a.Settle(nil)
	if a.Respond() != nil {
		t.Error("a response is noted after the call ended")
	}
}
