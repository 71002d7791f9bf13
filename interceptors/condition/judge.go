package condition

import (
	"fmt"
	"strings"
	"sync/atomic"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/policy"
)

// judge judges by a list.
type judge struct {
	list *List
	// layouts are those of the types of responses that were met: one, unless the program
	// makes them of several types. Of further types they are worked out for each call.
	layouts [4]atomic.Pointer[layout]
}

// layout is where the fields that the conditions seek are in messages of a type. A field is
// nil where a condition seeks none, or does not fit the type.
type layout struct {
	of     protoreflect.MessageDescriptor
	fields []*field
}

// Wants implements [policy.Judge].
func (j *judge) Wants() policy.Wants { return j.list.wants }

// Judge implements [policy.Judge].
func (j *judge) Judge(call *policy.Call, o *policy.Outcome) (policy.Judgement, bool) {
	e := end{judge: j, call: call, outcome: o}
	code := codes.OK
	if o.Err != nil {
		code = policy.Code(o.Err)
	}
	set := setOf(code)
	if j.list.codes&set == 0 {
		return policy.Judgement{}, false
	}
	unsent := o.Err != nil && o.Sent == policy.No && !o.Lost
	for i := range j.list.checked {
		c := &j.list.checked[i]
		if c.codes&set == 0 || unsent && c.Sent != policy.No || !e.meets(i, &c.Condition) {
			continue
		}
		c.met.Add(1)
		return policy.Judgement{Verdict: c.Verdict.policy(), By: c.name}, true
	}
	return policy.Judgement{}, false
}

// layoutOf returns that of the responses of a type, for calls of a method.
func (j *judge) layoutOf(method string, md protoreflect.MessageDescriptor) *layout {
	for i := range j.layouts {
		known := j.layouts[i].Load()
		if known == nil {
			made := j.newLayout(method, md)
			j.layouts[i].CompareAndSwap(nil, made)
			return made
		}
		if known.of == md {
			return known
		}
	}
	return j.newLayout(method, md)
}

// newLayout works a layout out. Of a method that is described it was known when the list was
// made whether its responses fit; of another it is told now.
func (j *judge) newLayout(method string, md protoreflect.MessageDescriptor) *layout {
	l := &layout{md, make([]*field, len(j.list.checked))}
	for i := range l.fields {
		c := &j.list.checked[i]
		if !c.Response.isSet() {
			continue
		}
		f, wrong := fieldOf(&c.Response, md)
		if wrong == nil {
			l.fields[i] = f
		} else if j.list.calls.find(method) == nil {
			j.list.cannotRead(i, method, wrong.problem)
		}
	}
	return l
}

// end is the end of a call while it is judged.
type end struct {
	judge   *judge
	call    *policy.Call
	outcome *policy.Outcome
	// status is that of the error, once sought; infos are its ErrorInfos, once read.
	status       *status.Status
	infos        []*errdetails.ErrorInfo
	sought, read bool
}

// meets reports whether the end meets all parts of the i-th condition but its codes.
func (e *end) meets(i int, c *Condition) bool {
	return (c.Sent == policy.Unknown || c.Sent == e.sent()) &&
		(c.MessagePrefix == "" && c.MessageContains == "" || e.meetsMessage(c)) &&
		(c.Reason == "" && c.Domain == "" || e.meetsInfo(c)) &&
		(c.Header.Key == "" && c.Trailer.Key == "" || e.meetsMetadata(c)) &&
		(c.Response.Path == "" || e.meetsResponse(i))
}

// meetsMetadata reports whether header and trailer are as the condition has them.
func (e *end) meetsMetadata(c *Condition) bool {
	r := e.outcome.Reply
	return r != nil && (c.Header.Key == "" || c.Header.met(r.Header)) && (c.Trailer.Key == "" || c.Trailer.met(r.Trailer))
}

// sent returns whether the call was sent: one that was answered well was.
func (e *end) sent() policy.Fact {
	if e.outcome.Err == nil && e.call.Side == policy.Client {
		return policy.Yes
	}
	return e.outcome.Sent
}

// ofError returns the status of the error, nil if it has none.
func (e *end) ofError() *status.Status {
	if !e.sought {
		e.status, _ = policy.StatusOf(e.outcome.Err)
		e.sought = true
	}
	return e.status
}

// meetsMessage reports whether the text of the error is as the condition has it.
func (e *end) meetsMessage(c *Condition) bool {
	text := e.text()
	text = text[:min(len(text), MaxTextBytes)]
	return strings.HasPrefix(text, c.MessagePrefix) && strings.Contains(text, c.MessageContains)
}

// text returns what the error says: the message of its status, if it has one.
func (e *end) text() string {
	if s := e.ofError(); s != nil {
		return s.Message()
	}
	return e.outcome.Err.Error()
}

// meetsInfo reports whether an ErrorInfo is as the condition has it.
func (e *end) meetsInfo(c *Condition) bool {
	if !e.read {
		e.read = true
		e.infos = infosOf(e.ofError())
	}
	for _, info := range e.infos {
		if (c.Reason == "" || c.Reason == info.GetReason()) && (c.Domain == "" || c.Domain == info.GetDomain()) {
			return true
		}
	}
	return false
}

// infosOf returns the ErrorInfos among the first details of a status, which may be nil.
func infosOf(s *status.Status) (all []*errdetails.ErrorInfo) {
	details := s.Details()
	for _, d := range details[:min(len(details), MaxLookedAt)] {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			all = append(all, info)
		}
	}
	return all
}

// meetsResponse reports whether the response of a call that has one is as the i-th
// condition has it.
func (e *end) meetsResponse(i int) bool {
	if e.outcome.Reply == nil || e.call.Shape.HasSeveralResponses() {
		return false
	}
	var m protoreflect.Message
	switch message := e.outcome.Reply.Message.(type) {
	case nil:
		return false
	case proto.Message:
		m = message.ProtoReflect()
	case protoadapt.MessageV1:
		m = protoadapt.MessageV2Of(message).ProtoReflect()
	default:
		if e.judge.list.checked[i].unread.Load() == nil {
			e.judge.list.cannotRead(i, e.call.Method, fmt.Sprintf("the response is a %T, and no protobuf message", message))
		}
		return false
	}
	if !m.IsValid() {
		return false
	}
	f := e.judge.layoutOf(e.call.Method, m.Descriptor()).fields[i]
	return f != nil && f.met(m)
}
