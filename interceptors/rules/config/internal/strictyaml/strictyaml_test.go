package strictyaml_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	"github.com/afloat-go/afloat/interceptors/rules/config/internal/strictyaml"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	m := new(policyv1.Rules)
	_, faults := strictyaml.Decode([]byte(`
rules:
  - {match: 'a b', side: SIDE_SERVER, shadow: true}
  - timeout: {max: 1m30s}
    breaker: {slow_ratio: 1, buckets: -3, noJitter: false}
compartments: {"x y": {}}
`), m, strictyaml.Grammar{})
	want := &policyv1.Rules{
		Compartments: map[string]*policyv1.Compartment{"x y": {}},
		Rules: []*policyv1.Rule{
			{Match: "a b", Side: policyv1.Side_SIDE_SERVER, Shadow: true},
			{
				Timeout: &policyv1.Timeout{Max: durationpb.New(90 * time.Second)},
				Breaker: &policyv1.Breaker{SlowRatio: new(1.0), Buckets: new(int32(-3))},
			},
		},
	}
	if len(faults) > 0 || !proto.Equal(m, want) {
		t.Errorf("decoded to %v, %v; want %v", m, faults, want)
	}
}

// The places are those of values; what is not given is where it would be.
func TestPlacesOfFields(t *testing.T) {
	t.Parallel()
	d, faults := strictyaml.Decode([]byte(`rules:
  - match: "*"
    breaker:
      buckets: 07
compartments:
  "a.b[0]": {bulkhead: {max_queue: 3}}
`), new(policyv1.Rules), strictyaml.Grammar{})
	if len(faults) != 0 {
		t.Fatal(faults)
	}
	odd := strictyaml.Field(strictyaml.Key("compartments", "a.b[0]"), "bulkhead")
	for _, tt := range []struct {
		path, at, value string
		given           bool
	}{
		{"", "1:1", "", true},
		{"rules", "2:3", "", true},
		{"rules[0].match", "2:12", `"*"`, true},
		{"rules[0].breaker.buckets", "4:16", "07", true},
		{"rules[0].breaker.window", "4:7", "", false},
		{"rules[0].timeout.max", "2:5", "", false},
		{"rules[7]", "2:3", "", false},
		{odd, "6:24", "", true},
		{odd + ".max_queue", "6:36", "3", true},
		{odd + ".max_wait", "6:24", "", false},
		{"nonsense", "1:1", "", false},
	} {
		p, given := d.At(tt.path)
		if p.String() != tt.at || p.Value != tt.value || given != tt.given {
			t.Errorf("%s: %v %q %v; want %s %q %v", tt.path, p.Position, p.Value, given, tt.at, tt.value, tt.given)
		}
	}
	if p, given := (*strictyaml.Document)(nil).At("rules"); given || p.Line != 0 {
		t.Errorf("no document has a place: %v", p)
	}
}

// Names are told apart however alike they begin.
func TestPlacesUnderLongNames(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("a.", 45)
	d, faults := strictyaml.Decode(fmt.Appendf(nil, "compartments:\n  %[1]s1: {}\n  %[1]s2: {}\n", name), new(policyv1.Rules), strictyaml.Grammar{})
	if len(faults) != 0 {
		t.Fatal(faults)
	}
	for i, key := range []string{name + "1", name + "2"} {
		if p, given := d.At(strictyaml.Key("compartments", key)); !given || p.Line != i+2 {
			t.Errorf("%s: line %d, %v; want %d", key, p.Line, given, i+2)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"not UTF-8", "rules: []\n# \xff", "2:3 : the text is not UTF-8"},
		{"delete", "é: \x7f", "1:4 : the text has the control character 0x7f"},
		{"parser without a place", "rules: \ufffe", "1:1 : control characters are not allowed (value: 65534)"},
		{"second document is broken", "rules: []\n---\n[", "4:1 : a value must stand here; are all brackets closed?"},
		{"tab within a line", "rules: []\n\tx: 1\n", "2:1 : the line begins with a tab; YAML wants spaces"},
		{"merge key of a map", "compartments: {<<: {a: {}}}", "1:16 compartments: has a merge key <<; the fields must be written out"},
		{"text as a map", "compartments: x", "1:15 compartments: must be a group of names; {} is one without any"},
		{"number as a name", "compartments: {1: {}}", "1:16 compartments: has 1 where a name must be"},
		{"line break in a name", "{\"rul\\nes\\e[2J\": 1}", `1:2 : has "rul\nes\x1b[2J" where a name must be, of at most 100 bytes that can be printed`},
		{"name that turns the text around", "compartments: {\u202ea: {}}", `1:16 compartments: has \u202ea where a name must be, of at most 100 bytes that can be printed`},
		{"long name", "compartments: {" + strings.Repeat("a", 101) + ": {x: 1}}", "1:16 compartments: has " + strings.Repeat("a", 64) + "… where a name must be, of at most 100 bytes that can be printed"},
		{"name as long as may be", "compartments: {" + strings.Repeat("a", 100) + ": {x: 1}}", "1:119 compartments." + strings.Repeat("a", 100) + ".x: is no field here; there are: breaker, bulkhead, custom, overload, rate_limit"},
		{"line break in a tag", "rules: !<%0A%1B> []", `1:8 rules: has the tag \n\x1b; there must be none`},
		{"alias as a key", "a: &a b\n*a : c", "1:1 a: is no field here; there are: compartments, rules|2:1 : is the alias *a; it must be written out"},
		{"alias as a value", "rules: &a []\ncompartments: *a", `1:8 rules: has the anchor &a; there must be none|2:15 compartments: is the alias *a; it must be written out`},
		{"too large", strings.Repeat("#", 1<<20+1), "1:1 : the document has more than 1048576 bytes"},
		{"empty", "", "1:1 : the document is empty"},
		{"two documents", "rules: []\n--- x", "2:5 : a second document begins; there must be one"},
		{"no YAML", "rules: [", "2:1 : a value must stand here; are all brackets closed?"},
		{"star without quotes", "rules: [{match: *}]", `1:18 : text that begins with * must be in quotes, as in "*"`},
		{"pattern without quotes", "rules: [{match: *x }]", `1:17 : text that begins with * must be in quotes, as in "*"`},
		{"tag", "rules: !x []", "1:8 rules: has the tag !x; there must be none"},
		{"entry twice", "compartments: {a: {}, a: {}}", "1:23 compartments.a: stands here already in line 1"},
		{"field twice", "rules: []\nrules: []", "2:1 rules: stands here already in line 1"},
		{"typing error", "rule: []", "1:1 rule: is no field here; did you mean rules?"},
		{"boolean", "rules: [{shadow: 1}]", "1:18 rules[0].shadow: must be true or false"},
		{"whole number", "rules: [{breaker: {buckets: a, probes: 1.5, min_calls: 5000000000}}]", "1:29 rules[0].breaker.buckets: must be a whole number|1:40 rules[0].breaker.probes: must be a whole number, in digits|1:56 rules[0].breaker.min_calls: must be a whole number below 2147483648"},
		{"number", "rules: [{breaker: {slow_ratio: true}}]", "1:32 rules[0].breaker.slow_ratio: must be a number"},
		{"text", "rules: [{match: 5, target: {}}]", "1:17 rules[0].match: must be text; write it in quotes|1:28 rules[0].target: must be text"},
		{"duration", "rules: [{timeout: {max: 5, idle: [1s]}}]", "1:25 rules[0].timeout.max: must be a duration with its unit, as in 250ms, 5s or 1m30s|1:34 rules[0].timeout.idle: must be a duration with its unit, as in 250ms, 5s or 1m30s"},
		{"nothing", "rules: [{shadow: }]", "1:18 rules[0].shadow: must be true or false"},
		{"alias of a value", "rules: [{match: &a x}, {match: *a}]", "1:17 rules[0].match: has the anchor &a; there must be none|1:32 rules[1].match: is the alias *a; it must be written out"},
		{"long", "rules: [{side: " + strings.Repeat("x", 100) + "}]", "1:16 rules[0].side: must be one of client, server, local"},
		{"nearly an enum", "rules: [{side: cleint}]", "1:16 rules[0].side: must be one of client, server, local; did you mean client?"},
		{"enum as a number", "rules: [{side: 1}]", "1:16 rules[0].side: must be one of client, server, local"},
		{"a field of another type", "taken_at: 1", "1:1 taken_at: is no field here; there are: compartments, rules"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, faults := strictyaml.Decode([]byte(tt.text), new(policyv1.Rules), strictyaml.Grammar{})
			var got []string
			for _, f := range faults {
				got = append(got, fmt.Sprintf("%v %s: %s", f.Position, f.Path, f.Problem))
			}
			if !slices.Equal(got, strings.Split(tt.want, "|")) {
				t.Errorf("faults %q; want %q", got, tt.want)
			}
		})
	}
}

// Lists and maps may hold plain values. What no file can hold is told.
func TestOtherMessages(t *testing.T) {
	t.Parallel()
	m := new(testv1.GetProfileResponse)
	_, faults := strictyaml.Decode([]byte("{tags: [a, 'b'], name: x, offers: {a: {name: y}}}"), m, strictyaml.Grammar{})
	want := &testv1.GetProfileResponse{Tags: []string{"a", "b"}, Name: "x", Offers: map[string]*testv1.Item{"a": {Name: "y"}}}
	if len(faults) > 0 || !proto.Equal(m, want) {
		t.Errorf("decoded to %v, %v; want %v", m, faults, want)
	}
	s := new(structpb.Struct)
	if _, faults := strictyaml.Decode([]byte("a: true"), s, strictyaml.Grammar{}); len(faults) > 0 || !s.GetFields()["a"].GetBoolValue() {
		t.Errorf("decoded to %v, %v; want a truth", s, faults)
	}
	info := new(errdetails.ErrorInfo)
	if _, faults := strictyaml.Decode([]byte("metadata: {a: b, c: 1}"), info, strictyaml.Grammar{}); len(faults) != 1 || info.GetMetadata()["a"] != "b" {
		t.Errorf("decoded to %v, %v; want a text, and a fault of the other", info, faults)
	}
	_, faults = strictyaml.Decode([]byte("{ranks: {1: a}, tags: [a, 1], offers: {a: {price: 1}}}"), new(testv1.GetProfileResponse), strictyaml.Grammar{})
	var got []string
	for _, f := range faults {
		got = append(got, f.Path+": "+f.Problem)
	}
	if want := []string{
		"ranks: cannot be written in a file", "tags[1]: must be text; write it in quotes", "offers.a.price: cannot be written in a file",
	}; !slices.Equal(got, want) {
		t.Errorf("faults %q; want %q", got, want)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"breaker", "bulkhead", "rate_limit", "x"}
	for text, want := range map[string]string{
		"braker": "breaker", "brekaer": "breaker", "bulk": "", "ratelimit": "rate_limit", "timeout": "", "": "", "y": "",
		strings.Repeat("breaker", 20): "",
	} {
		if got := strictyaml.Nearest(text, names); got != want {
			t.Errorf("nearest to %q is %q; want %q", text, got, want)
		}
	}
}

// A Struct has whatever fields the document gives it, with their places.
func TestStructures(t *testing.T) {
	t.Parallel()
	m := new(policyv1.Rules)
	d, faults := strictyaml.Decode([]byte(`
rules:
  - custom: {name: one, config: {text: a, "a b": {list: [1, {x: 1.5}, true]}}}
  - custom:
      - {name: two, config: {}}
`), m, strictyaml.Grammar{Lone: []protoreflect.FullName{"afloat.policy.v1.Custom"}})
	config, err := structpb.NewStruct(map[string]any{"text": "a", "a b": map[string]any{"list": []any{1, map[string]any{"x": 1.5}, true}}})
	if err != nil {
		t.Fatal(err)
	}
	want := &policyv1.Rules{Rules: []*policyv1.Rule{
		{Custom: []*policyv1.Custom{{Name: "one", Config: config}}},
		{Custom: []*policyv1.Custom{{Name: "two", Config: &structpb.Struct{Fields: map[string]*structpb.Value{}}}}},
	}}
	if len(faults) > 0 || !proto.Equal(m, want) {
		t.Errorf("decoded to %v, %v; want %v", m, faults, want)
	}
	for path, at := range map[string]string{
		"rules[0].custom[0].config.text":              "3:40 a",
		`rules[0].custom[0].config["a b"].list[1].x`:  "3:65 1.5",
		`rules[0].custom[0].config["a b"].list[1].no`: "3:61 ",
		"rules[1].custom[0]":                          "5:9 ",
	} {
		if p, _ := d.At(path); fmt.Sprintf("%v %s", p.Position, p.Value) != at {
			t.Errorf("%s is at %v %s; want %s", path, p.Position, p.Value, at)
		}
	}
}

func TestFaultsOfStructures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ config, want string }{
		{"{a: }", "a: must be a value, or be left out with its name"},
		{"{a: .inf}", "a: must be a number, in digits; write text in quotes"},
		{"{a: 0x10}", "a: must be a number, in digits; write text in quotes"},
		{"{a: 9007199254740993}", "a: must be a whole number up to 9007199254740992; write text in quotes"},
		{"{a: 2026-01-02}", "a: must be text, a number, true or false; write text in quotes"},
		{"{a: {b: 1, b: 2}}", "a.b: stands here already in line 1"},
		{"{a: [1, !x y]}", "a[1]: has the tag !x; there must be none"},
		{"{a: &b [1]}", "a: has the anchor &b; there must be none"},
		{"[]", ": must be a group of fields; {} is one without any"},
	} {
		_, faults := strictyaml.Decode([]byte(tt.config), new(structpb.Struct), strictyaml.Grammar{})
		if len(faults) != 1 || faults[0].Path+": "+faults[0].Problem != tt.want {
			t.Errorf("%s: faults %v; want %s", tt.config, faults, tt.want)
		}
	}
	// One may stand alone only where it is said so.
	if _, faults := strictyaml.Decode([]byte("rules: {}"), new(policyv1.Rules), strictyaml.Grammar{Lone: []protoreflect.FullName{"afloat.policy.v1.Custom"}}); len(faults) != 1 {
		t.Errorf("faults %v; want one", faults)
	}
}
