package condition_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/afloat-go/afloat/interceptors/condition"
	quotesv1 "github.com/afloat-go/afloat/interceptors/internal/quoteproto/afloat/test/quotes/v1"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// response is a part about a field of a response.
func response(path string, values ...string) condition.Condition {
	return failing(condition.Condition{Response: condition.Response{Path: path, Values: values}})
}

// What cannot be meant is a fault that says where, what is there, and what may be.
func TestFaults(t *testing.T) {
	t.Parallel()
	fine := condition.Condition{Codes: []codes.Code{codes.NotFound}, Verdict: condition.Failure}
	many := make([]string, condition.MaxValues+1)
	for i := range many {
		many[i] = strings.Repeat("a", i)
	}
	for _, tt := range []struct {
		name  string
		match string
		all   []condition.Condition
		want  string
	}{
		{"fine", getQuote, []condition.Condition{fine}, ""},
		{"nothing", getQuote, []condition.Condition{{}}, "condition: conditions[0].verdict is missing; must be failure, success or ignored\ncondition: conditions[0] has no part, so that every call would meet it; must have one, or always: true"},
		{"no such verdict", getQuote, []condition.Condition{{Always: true, Verdict: 4}}, "condition: conditions[0].verdict = Verdict(4); must be failure, success or ignored"},
		{"always, and a part", getQuote, []condition.Condition{failing(condition.Condition{Always: true, Reason: "R"})}, "condition: conditions[0].always = true; must be left out: the condition has other parts"},
		{"no such code", getQuote, []condition.Condition{failing(condition.Condition{Codes: []codes.Code{17}})}, "condition: conditions[0].codes[0] = 17; must be a status code of gRPC"},
		{"a code twice", getQuote, []condition.Condition{failing(condition.Condition{Codes: []codes.Code{5, 5}})}, "condition: conditions[0].codes[1] = NOT_FOUND; stands there already"},
		{"a reason that nobody sees", getQuote, []condition.Condition{failing(condition.Condition{Reason: "R "})}, `condition: conditions[0].reason = "R "; character 2 is a space; must be printable ASCII without spaces`},
		{"a domain of another alphabet", getQuote, []condition.Condition{failing(condition.Condition{Domain: "а"})}, `condition: conditions[0].domain = "а"; character 1 is 'а' (U+0430), which looks like 'a'; must be printable ASCII without spaces`},
		{"a long text", getQuote, []condition.Condition{failing(condition.Condition{MessageContains: strings.Repeat("a", 1025)})}, `condition: conditions[0].message_contains = "` + strings.Repeat("a", 64) + `… (1025 bytes)"; must be of at most 1024 bytes`},
		{"no UTF-8", getQuote, []condition.Condition{failing(condition.Condition{MessagePrefix: "\xff"})}, `condition: conditions[0].message_prefix = "\xff"; must be UTF-8`},
		{"names", getQuote, []condition.Condition{{Name: "a", Verdict: condition.Failure, Reason: "R"}, {Name: "a", Verdict: condition.Failure, Reason: "S"}, {Name: " b", Verdict: condition.Failure, Reason: "T"}}, "condition: conditions[1].name = \"a\"; is that of conditions[0]; must be another\ncondition: conditions[2].name = \" b\"; character 1 is a space; must be printable ASCII, with spaces only within"},
		{"no path", getQuote, []condition.Condition{response("", "a")}, "condition: conditions[0].response.path is missing; must be a field of the response, as in result.status"},
		{"no values", getQuote, []condition.Condition{response("text")}, "condition: conditions[0].response.values are missing; must be at least one"},
		{"no path at all", getQuote, []condition.Condition{response("a..b", "a")}, `condition: conditions[0].response.path = "a..b"; must be a field of the response, as in result.status`},
		{"into a list", getQuote, []condition.Condition{response("states[*]", "a")}, `condition: conditions[0].response.path = "states[*]"; must lead through single fields, not into a list or a map`},
		{"no such field", getQuote, []condition.Condition{response("outcome.status", "a")}, `condition: conditions[0].response.path = "outcome.status"; afloat.test.quotes.v1.Outcome has no field "status"; there are: state, number`},
		{"a list", getQuote, []condition.Condition{response("states", "a")}, `condition: conditions[0].response.path = "states"; afloat.test.quotes.v1.GetQuoteResponse.states is repeated; must lead through single fields`},
		{"a map", getQuote, []condition.Condition{response("by_name", "a")}, `condition: conditions[0].response.path = "by_name"; afloat.test.quotes.v1.GetQuoteResponse.by_name is repeated; must lead through single fields`},
		{"a message", getQuote, []condition.Condition{response("outcome", "a")}, `condition: conditions[0].response.path = "outcome"; afloat.test.quotes.v1.GetQuoteResponse.outcome is a message; must be a field in it; there are: state, number`},
		{"beyond a leaf", getQuote, []condition.Condition{response("text.length", "a")}, `condition: conditions[0].response.path = "text.length"; afloat.test.quotes.v1.GetQuoteResponse.text is no message, so that nothing is in it`},
		{"bytes", getQuote, []condition.Condition{response("raw", "a")}, `condition: conditions[0].response.path = "raw"; afloat.test.quotes.v1.GetQuoteResponse.raw is of bytes; must be a text, a number, a truth or an enum`},
		{"no such value", getQuote, []condition.Condition{response("state", "STATE_OK", "ERROR")}, `condition: conditions[0].response.values[1] = "ERROR"; must be a value of afloat.test.quotes.v1.State; there are: STATE_UNSPECIFIED, STATE_OK, STATE_ERROR`},
		{"no truth", getQuote, []condition.Condition{response("failed", "True")}, `condition: conditions[0].response.values[0] = "True"; must be true or false`},
		{"no number", getQuote, []condition.Condition{response("amount", "1.5")}, `condition: conditions[0].response.values[0] = "1.5"; must be a whole number of 64 bits`},
		{"too large a number", getQuote, []condition.Condition{response("outcome.number", "2147483648")}, `condition: conditions[0].response.values[0] = "2147483648"; must be a whole number of 32 bits`},
		{"a number below zero", getQuote, []condition.Condition{response("count", "-1")}, `condition: conditions[0].response.values[0] = "-1"; must be a whole number of 32 bits without a sign`},
		{"no number at all", getQuote, []condition.Condition{response("rate", "NaN")}, `condition: conditions[0].response.values[0] = "NaN"; must be a number`},
		{"a value twice", getQuote, []condition.Condition{response("text", "a", "a")}, `condition: conditions[0].response.values[1] = "a"; stands there already`},
		{"many values", getQuote, []condition.Condition{response("text", many...)}, "condition: conditions[0].response.values = 65; must be at most 64"},
		{"a stream", watchQuotes, []condition.Condition{response("state", "STATE_ERROR")}, "condition: conditions[0].response must be left out: " + watchQuotes + " streams its responses"},
		{"no method of a service", ofQuotes, []condition.Condition{response("status", "a")}, `condition: conditions[0].response.path = "status"; fits no method; for /afloat.test.quotes.v1.QuoteService/GetFirmQuote, afloat.test.quotes.v1.GetFirmQuoteResponse has no field "status"; there are: outcome`},
		{"some methods of a service", ofQuotes, []condition.Condition{response("text", "a")}, ""},
		{"a method that is not known", "/other.Service/Get", []condition.Condition{response("status", "a")}, ""},
		{"a response, and another code", getQuote, []condition.Condition{failing(condition.Condition{Codes: []codes.Code{codes.NotFound}, Response: condition.Response{Path: "text", Values: []string{"a"}}})}, "condition: conditions[0].codes are met by no call that has a response, which ends with OK; must be left out, or have OK"},
		{"a response, and a message", getQuote, []condition.Condition{failing(condition.Condition{MessagePrefix: "a", Response: condition.Response{Path: "text", Values: []string{"a"}}})}, "condition: conditions[0].response is met by no call that ends with an error; must be left out, or what the error has must"},
		{"OK, and a reason", getQuote, []condition.Condition{failing(condition.Condition{Codes: []codes.Code{codes.OK}, Reason: "a"})}, "condition: conditions[0].codes are OK, with which no call ends that meets the rest; must have another code"},
		{"not sent, and a trailer", getQuote, []condition.Condition{failing(condition.Condition{Sent: policy.No, Trailer: condition.Metadata{Key: "a"}})}, "condition: conditions[0].sent = false; is met by no call that has a response, header or trailer; must be left out, or they must"},
		{"no such fact", getQuote, []condition.Condition{failing(condition.Condition{Sent: 3})}, "condition: conditions[0].sent = 3; must be Yes, No or Unknown"},
		{"no key", getQuote, []condition.Condition{failing(condition.Condition{Header: condition.Metadata{Values: []string{"a"}}})}, "condition: conditions[0].header.key is missing; must be the key of a header, as in x-backend-status"},
		{"a key with capitals", getQuote, []condition.Condition{failing(condition.Condition{Header: condition.Metadata{Key: "X-Status"}})}, `condition: conditions[0].header.key = "X-Status"; must be of lower-case letters, digits, -, _ and .`},
		{"a key of bytes", getQuote, []condition.Condition{failing(condition.Condition{Trailer: condition.Metadata{Key: "a-bin"}})}, `condition: conditions[0].trailer.key = "a-bin"; must not end with -bin: its values are no text`},
		{"a key of gRPC's own", getQuote, []condition.Condition{failing(condition.Condition{Trailer: condition.Metadata{Key: "grpc-status"}})}, `condition: conditions[0].trailer.key = "grpc-status"; is gRPC's own, which no metadata has`},
		{"two verdicts", getQuote, []condition.Condition{fine, {Codes: fine.Codes, Verdict: condition.Success}}, "condition: conditions[1].verdict = success; is said of the very calls of which conditions[0] says failure; must be one of them"},
		{"too many", getQuote, slices.Repeat([]condition.Condition{fine}, 33), "condition: conditions = 33; must be at most 32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := faultsOf(tt.match, tt.all...); got != tt.want {
				t.Errorf("faults:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

// What calls on some sides never have cannot be asked of them.
func TestFaultsOfSides(t *testing.T) {
	t.Parallel()
	sent := failing(condition.Condition{Sent: policy.Yes})
	trailer := failing(condition.Condition{Trailer: condition.Metadata{Key: "a"}})
	for _, tt := range []struct {
		sides []policy.Side
		of    condition.Condition
		want  string
	}{
		{nil, sent, ""},
		{[]policy.Side{policy.Client}, sent, ""},
		{[]policy.Side{policy.Server, policy.Client}, sent, ""},
		{[]policy.Side{policy.Server}, sent, "condition: conditions[0].sent = true; must be left out: only clients send calls"},
		{[]policy.Side{policy.Server}, trailer, ""},
		{[]policy.Side{policy.Local}, trailer, "condition: conditions[0].trailer must be left out: what is no RPC has none"},
		{[]policy.Side{policy.Local}, response("text", "a"), "condition: conditions[0].response must be left out: what is no RPC has none"},
	} {
		_, err := condition.New(condition.Calls{Match: "*", Sides: tt.sides}, []condition.Condition{tt.of})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%v: %s\nwant %s", tt.sides, got, tt.want)
		}
	}
}

// What is never reached is taken, with a warning.
func TestWarnings(t *testing.T) {
	t.Parallel()
	code := func(v condition.Verdict, all ...codes.Code) condition.Condition {
		return condition.Condition{Codes: all, Verdict: v}
	}
	reason := func(v condition.Verdict, reason, domain string) condition.Condition {
		return condition.Condition{Reason: reason, Domain: domain, Verdict: v}
	}
	text := func(prefix, contains string) condition.Condition {
		return failing(condition.Condition{MessagePrefix: prefix, MessageContains: contains})
	}
	trailer := func(values ...string) condition.Condition {
		return failing(condition.Condition{Trailer: condition.Metadata{Key: "a", Values: values}})
	}
	const f, s, covered = condition.Failure, condition.Success, "is never reached: every call that meets it meets conditions[0]"
	for _, tt := range []struct {
		name  string
		first condition.Condition
		then  condition.Condition
		want  string
	}{
		{"the same again", code(f, 5), code(f, 5), covered},
		{"part of the codes", code(f, 5, 10), code(s, 10), covered},
		{"more codes", code(f, 5), code(s, 5, 10), ""},
		{"a code with a reason", code(f, 5), condition.Condition{Codes: []codes.Code{5}, Reason: "R", Verdict: s}, covered},
		{"a reason before its code", condition.Condition{Codes: []codes.Code{5}, Reason: "R", Verdict: s}, code(f, 5), ""},
		{"always first", condition.Condition{Always: true, Verdict: s}, reason(f, "R", ""), covered},
		{"always last", reason(f, "R", ""), condition.Condition{Always: true, Verdict: s}, ""},
		{"a reason of any domain", reason(f, "R", ""), reason(s, "R", "d"), covered},
		{"another reason", reason(f, "R", ""), reason(s, "S", "d"), ""},
		{"a domain of any reason", reason(f, "", "d"), reason(s, "R", "d"), covered},
		{"a longer beginning", text("a", ""), text("ab", ""), covered},
		{"a shorter beginning", text("ab", ""), text("a", ""), ""},
		{"contained", text("", "b"), text("", "abc"), covered},
		{"contained in the beginning", text("", "b"), text("abc", "z"), covered},
		{"contained the other way", text("", "abc"), text("", "b"), ""},
		{"part of the values", response("text", "a", "b"), response("text", "b"), covered},
		{"more values", response("text", "b"), response("text", "a", "b"), ""},
		{"another field", response("text", "a"), response("state", "STATE_ERROR"), ""},
		{"OK before a response", code(s, 0), response("text", "a"), covered},
		{"any value of a trailer", trailer(), trailer("x"), covered},
		{"any value of a trailer last", trailer("x"), trailer(), ""},
		{"calls that are not sent, which others are not for", condition.Condition{Always: true, Verdict: s}, failing(condition.Condition{Sent: policy.No}), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newList(t, getQuote, tt.first, tt.then)
			got, want := l.Warnings(), []*condition.Fault{{At: 1, Problem: tt.want}}
			if tt.want == "" {
				want = nil
			}
			if !slices.EqualFunc(got, want, func(a, b *condition.Fault) bool { return *a == *b }) {
				t.Errorf("warnings: %v\nwant      %v", got, want)
			}
		})
	}
	l := newList(t, getQuote, code(f, 5), code(s, 10), code(condition.Ignored, 5, 10))
	if w := l.Warnings(); len(w) != 1 || w[0].At != 2 || w[0].Problem != "is never reached: the conditions before it decide of all its codes" {
		t.Errorf("warnings: %v; want that the third is never reached", w)
	}
	l = newList(t, ofQuotes, response("state", "STATE_ERROR"))
	if w := l.Warnings(); len(w) != 0 {
		t.Errorf("warnings of what fits some methods: %v", w)
	}
	l = newList(t, "/afloat.test.quotes.*", response("status", "ERROR"))
	want := `condition: conditions[0].response.path = "status"; fits no method that is known; for /afloat.test.quotes.v1.QuoteService/GetFirmQuote, afloat.test.quotes.v1.GetFirmQuoteResponse has no field "status"; there are: outcome`
	if w := l.Warnings(); len(w) != 1 || w[0].Error() != want {
		t.Errorf("warnings: %v\nwant %s", w, want)
	}
}

// The files that are given describe the methods, and none of the linked ones. What they
// leave open is no fault.
func TestFaultsByOtherDescriptors(t *testing.T) {
	t.Parallel()
	without := protodesc.ToFileDescriptorProto(quotesv1.File_afloat_test_quotes_v1_quotes_proto)
	for _, m := range without.GetMessageType() {
		if m.GetName() == "GetQuoteResponse" {
			m.Field = m.Field[:1]
			m.Field[0].TypeName = new(".elsewhere.State")
			m.OneofDecl = nil
			m.NestedType = nil
		}
	}
	without.Dependency = append(without.Dependency, "elsewhere.proto")
	files, err := protodesc.FileOptions{AllowUnresolvable: true}.NewFiles(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{without}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		files *protoregistry.Files
		of    condition.Condition
		want  bool
	}{
		{files, response("state", "ANY"), true},
		{files, response("text", "a"), false},
		{new(protoregistry.Files), response("nothing", "a"), true},
	} {
		_, err := condition.New(condition.Calls{Match: getQuote, Files: tt.files}, []condition.Condition{tt.of})
		if (err == nil) != tt.want {
			t.Errorf("%+v: %v", tt.of.Response, err)
		}
	}
}
