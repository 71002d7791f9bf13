package config_test

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/bulkhead"
	"github.com/afloat-go/afloat/interceptors/fault"
	"github.com/afloat-go/afloat/interceptors/ratelimit"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/timeout"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// Zero is off nowhere: it is the default in Go, where it cannot be told from nothing, and
// refused in files and in messages. What is off has a word in files, and is breaker.Off
// elsewhere.
func TestOffIsSpelledOnce(t *testing.T) {
	t.Parallel()
	off := func(b *policyv1.Breaker) breaker.Config {
		given, err := config.Compile(&policyv1.Rules{Rules: []*policyv1.Rule{{Match: charge, Breaker: b}}})
		if err != nil {
			t.Fatal(err)
		}
		cfg, _ := given[0].Policies[0].Config.(breaker.Config)
		return cfg
	}
	tick := durationpb.New(breaker.Off)
	for field, tt := range map[string]struct {
		message *policyv1.Breaker
		of      func(breaker.Config) float64
	}{
		"failure_ratio": {&policyv1.Breaker{FailureRatio: new(float64(breaker.Off))}, func(c breaker.Config) float64 { return c.FailureRatio }},
		"consecutive_failures": {
			&policyv1.Breaker{ConsecutiveFailures: new(int32(breaker.Off))},
			func(c breaker.Config) float64 { return float64(c.ConsecutiveFailures) },
		},
		"slow_after": {&policyv1.Breaker{SlowAfter: tick}, func(c breaker.Config) float64 { return float64(c.SlowAfter) }},
		"slow_start": {&policyv1.Breaker{SlowStart: tick}, func(c breaker.Config) float64 { return float64(c.SlowStart) }},
	} {
		if got := tt.of(off(tt.message)); got != breaker.Off {
			t.Errorf("%s of the message %v is %v; want off", field, tt.message, got)
		}
		for _, format := range []string{"rules: [{match: '*', breaker: {%s: off}}]", `{"rules": [{"match": "*", "breaker": {"%s": "off"}}]}`} {
			text := fmt.Sprintf(format, field)
			given, err := config.Parse("a.yaml", []byte(text)).Compile()
			if err != nil {
				t.Fatal(err)
			}
			if cfg, _ := given[0].Policies[0].Config.(breaker.Config); tt.of(cfg) != breaker.Off {
				t.Errorf("%s is %v; want off", text, tt.of(cfg))
			}
		}
		for _, zero := range []string{"0", "-0", "0.0", "0s", "0ms"} {
			text := fmt.Sprintf("rules: [{match: '*', breaker: {%s: %s}}]", field, zero)
			if _, err := config.Parse("a.yaml", []byte(text)).Compile(); err == nil || !strings.HasSuffix(err.Error(), ", or off") {
				t.Errorf("%s: %v; want it refused, and off named", text, err)
			}
		}
	}
}

// Every field of every configuration has a field of the same name in the message,
// and the other way round; a configuration that goes through a rule, the policies
// and a snapshot is the same.
func TestEveryFieldOfEveryConfiguration(t *testing.T) {
	t.Parallel()
	second := time.Second
	for _, tt := range []struct {
		field  string
		each   rules.Template
		config any // with a value other than the default in every field
	}{
		{"timeout", timeout.Each(timeout.Config{
			Default: second, Max: 2 * second, FirstMessage: 3 * second, Idle: 4 * second, Total: 5 * second,
		}), timeout.Config{}},
		{"breaker", breaker.Each(breaker.Config{
			Mode: breaker.AlwaysClosed, Window: second, Buckets: 5, WindowCalls: 50, FailureRatio: 0.25, MinCalls: 7,
			ConsecutiveFailures: 3, SlowAfter: second, SlowRatio: 0.75, OpenFor: 2 * second, MaxOpenFor: 3 * second, NoJitter: true,
			Probes: 2, SuccessesToClose: 4, ProbeTimeout: second, MinDeadline: second, StreamGrace: second,
		}), breaker.Config{}},
		{"bulkhead", bulkhead.Each(bulkhead.Config{MaxConcurrent: 1, MaxQueue: 2, MaxWait: second, MaxStreams: 3, Shadow: true}), bulkhead.Config{}},
		{"rate_limit", ratelimit.Each(ratelimit.Config{PerSecond: 0.5, Burst: 2, MaxWait: second, Shadow: true}), ratelimit.Config{}},
		{"fault", fault.Each(fault.Config{
			Delay: second, DelayShare: 0.5, AbortShare: 0.25, Message: "down", AfterMessages: 3, MaxActive: 4, Headers: true,
		}), fault.Config{}},
		{"fault", fault.Each(fault.Config{Abort: codes.DataLoss, AbortShare: 1}), nil},
	} {
		t.Run(tt.field, func(t *testing.T) {
			t.Parallel()
			s := newSet(t, config.WithRules(rules.Rule{Match: charge, Policies: []rules.Template{tt.each}}))
			rule := s.Snapshot().Message().GetRules()[0].GetRule()
			fields := rule.ProtoReflect().Descriptor().Fields()
			m := rule.ProtoReflect().Get(fields.ByName(protoreflect.Name(tt.field))).Message()
			if tt.config != nil {
				sameFields(t, tt.each.Config, m)
			}
			compiled, err := config.Compile(&policyv1.Rules{Rules: []*policyv1.Rule{rule}})
			if err != nil {
				t.Fatal(err)
			}
			if got := compiled[0].Policies[0].Config; got != tt.each.Config {
				t.Errorf("compiled to %+v; want %+v", got, tt.each.Config)
			}
		})
	}
}

// sameFields requires that the fields of a configuration are those of the message,
// and that all of them are set.
func sameFields(tb testing.TB, config any, m protoreflect.Message) {
	tb.Helper()
	own := map[string]bool{"scope": true, "compartment": true}
	v := reflect.ValueOf(config)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() && name != "Abort" { // which headers choose
			tb.Errorf("%s of %T is not set in the test", name, config)
		}
		snake := snakeCase(name)
		fd := m.Descriptor().Fields().ByName(protoreflect.Name(snake))
		if fd == nil || !m.Has(fd) && name != "Abort" {
			tb.Errorf("%s of %T is not in the message, as %s", name, config, snake)
		}
		own[snake] = true
	}
	for i := range m.Descriptor().Fields().Len() {
		if name := string(m.Descriptor().Fields().Get(i).Name()); !own[name] {
			tb.Errorf("%s of the message is in no field of %T", name, config)
		}
	}
}

// snakeCase is the name of a field in a message, as in "max_wait".
func snakeCase(name string) string {
	var b strings.Builder
	for i, r := range name {
		if 'A' <= r && r <= 'Z' && i > 0 {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}

// What a message does not say has its default, whatever the message leaves out.
func TestDefaultsAreThoseOfTheConfigurations(t *testing.T) {
	t.Parallel()
	given, err := config.Compile(&policyv1.Rules{Rules: []*policyv1.Rule{{
		Match: "*", Timeout: &policyv1.Timeout{}, Breaker: &policyv1.Breaker{}, Fault: &policyv1.Fault{},
		Bulkhead: &policyv1.Bulkhead{MaxConcurrent: 1}, RateLimit: &policyv1.RateLimit{PerSecond: 2.5},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []rules.Template{
		timeout.Each(timeout.Config{}), breaker.Each(breaker.Config{}),
		bulkhead.Each(bulkhead.Config{MaxConcurrent: 1}), ratelimit.Each(ratelimit.Config{PerSecond: 2.5}), fault.Each(fault.Config{}),
	} {
		if got := given[0].Policies[i]; got.Config != want.Config || got.Kind != want.Kind || got.Scope != want.Scope {
			t.Errorf("%+v; want %+v", got, want)
		}
	}
}

// Messages have faults that files cannot have, and places of their own.
func TestCompileFaults(t *testing.T) {
	t.Parallel()
	one := func(r *policyv1.Rule) *policyv1.Rules {
		if r.GetMatch() == "" {
			r.Match = "*"
		}
		return &policyv1.Rules{Rules: []*policyv1.Rule{r}}
	}
	many := func(n int) *policyv1.Rules {
		m := &policyv1.Rules{}
		for i := range n {
			m.Rules = append(m.Rules, &policyv1.Rule{Match: fmt.Sprintf("/a.S%d/*", i)})
		}
		return m
	}
	manyCompartments := &policyv1.Rules{Compartments: map[string]*policyv1.Compartment{}}
	for i := range 1001 {
		manyCompartments.Compartments[strconv.Itoa(i)] = &policyv1.Compartment{}
	}
	for _, tt := range []struct {
		name  string
		rules *policyv1.Rules
		want  string
	}{
		{"duration", one(&policyv1.Rule{Breaker: &policyv1.Breaker{Window: durationpb.New(time.Millisecond)}}), "rules[0].breaker.window = 1ms; must be in [100ms, 1h]"},
		{"zero", one(&policyv1.Rule{Breaker: &policyv1.Breaker{Probes: new(int32)}}), "rules[0].breaker.probes = 0; must be in [1, 1000]"},
		{"off by zero", one(&policyv1.Rule{Breaker: &policyv1.Breaker{FailureRatio: new(0.0)}}), "rules[0].breaker.failure_ratio = 0; must be in (0, 1], or -1 for off"},
		{"missing", one(&policyv1.Rule{Bulkhead: &policyv1.Bulkhead{}}), "rules[0].bulkhead.max_concurrent: is missing; must be in [1, 1000000]"},
		{"no such scope", one(&policyv1.Rule{Breaker: &policyv1.Breaker{Scope: 99}}), "rules[0].breaker.scope = 99; must be per_method, per_service or per_target"},
		{"no such scope of a fault", one(&policyv1.Rule{Fault: &policyv1.Fault{Scope: -1}}), "rules[0].fault.scope = -1; must be per_method, per_service or per_target"},
		{"no such mode", one(&policyv1.Rule{Breaker: &policyv1.Breaker{Mode: 257}}), "rules[0].breaker.mode = 257; must be automatic, always_open, always_closed or shadow"},
		{"no such side", one(&policyv1.Rule{Side: 99}), "rules[0].side = 99; must be client, server or local"},
		{"text", one(&policyv1.Rule{Match: "\n"}), `rules[0].match = "\n"; must be "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" or "*"`},
		{"side of a target", one(&policyv1.Rule{Target: "a", Side: policyv1.Side_SIDE_LOCAL}), `rules[0].target = "a"; must be left out: only clients have targets`},
		{"nothing", &policyv1.Rules{Rules: []*policyv1.Rule{nil}}, `rules[0].match: is missing; must be "/pkg.Service/Method", "/pkg.Service/*", "/pkg.*" or "*"`},
		{"unnamed compartment", &policyv1.Rules{Compartments: map[string]*policyv1.Compartment{"": {}}}, "compartments.: must have a name"},
		{"empty compartment", one(&policyv1.Rule{Bulkhead: &policyv1.Bulkhead{Compartment: "a"}}), `rules[0].bulkhead.compartment = "a"; must be a compartment with a bulkhead; there is none`},
		{"twice", &policyv1.Rules{Rules: []*policyv1.Rule{{Match: "*"}, {Match: "*", Side: policyv1.Side_SIDE_SERVER}}}, "rules[1]: is for the same calls as rules[0]; there must be one rule"},
		{"too many rules", many(10_001), "rules: are 10001; must be at most 10000"},
		{"too many compartments", manyCompartments, "compartments: are 1001; must be at most 1000"},
		{"an endless wait", one(&policyv1.Rule{Timeout: &policyv1.Timeout{Max: &durationpb.Duration{Seconds: 1 << 62}}}), "rules[0].timeout.max = 2562047h47m16.854775807s; must be in [1ms, 24h]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := config.Compile(tt.rules); err == nil || err.Error() != tt.want {
				t.Errorf("error = %v\nwant %s", err, tt.want)
			}
		})
	}
	if _, err := config.Compile(many(10_000)); err != nil {
		t.Errorf("10000 rules: %v", err)
	}
	if given, err := config.Compile(nil); err != nil || len(given) != 0 {
		t.Errorf("Compile(nil) = %v, %v; want no rules", given, err)
	}
}

// A thousand faults are not told one by one.
func TestFaultsAreNotTooMany(t *testing.T) {
	t.Parallel()
	m := &policyv1.Rules{}
	for range 1000 {
		m.Rules = append(m.Rules, &policyv1.Rule{})
	}
	_, err := config.Compile(m)
	if err == nil || strings.Count(err.Error(), "\n") != 100 || !strings.HasSuffix(err.Error(), "\nand 900 more") {
		t.Errorf("error:\n%v\nwant 100 faults and how many more there are", err)
	}
}
