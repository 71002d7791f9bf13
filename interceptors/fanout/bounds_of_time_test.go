package fanout_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/fallback"
	"github.com/afloat-go/afloat/interceptors/fanout"
)

// No source and no step of it has or needs more time than a run of its plan. A declared
// timeout may be longer, since it is not the plan's own.
func TestNoSourceHasMoreTimeThanItsPlan(t *testing.T) {
	t.Parallel()
	const longer, run = 2 * time.Second, time.Second
	name := fanout.Optional("name", gives("n"), setName)
	to := func(s fallback.Step[request, string]) source { return name.Else(s) }
	keys := func(request) []int { return nil }
	get := func(context.Context, request, int) (string, error) { return "", nil }
	declared := func(protoreflect.FieldDescriptor) (fanout.Declaration, error) {
		return fanout.Declaration{Timeout: longer}, nil
	}
	for what, tt := range map[string]struct {
		source source
		cfg    fanout.Config
		want   string
	}{
		"a timeout":           {name.Timeout(longer), fanout.Config{MaxDuration: run}, "timeout = 2s; must be at most the plan's max_duration, 1s"},
		"more than the usual": {name.Timeout(time.Minute), fanout.Config{}, "timeout = 1m0s; must be at most the plan's max_duration, 10s"},
		"what it needs":       {name.Needs(longer), fanout.Config{MaxDuration: run}, "needs = 2s; must be at most the plan's max_duration, 1s"},
		"a step's timeout": {
			to(fallback.To("other", gives("o")).Timeout(longer)),
			fanout.Config{MaxDuration: run},
			`timeout of step "other" = 2s; must be at most the plan's max_duration, 1s`,
		},
		"what a step needs": {
			to(fallback.To("other", gives("o")).Needs(longer)),
			fanout.Config{MaxDuration: run},
			`needs of step "other" = 2s; must be at most`,
		},
		"an element's timeout": {
			fanout.Each("tags", keys, get, setTags).Timeout(longer),
			fanout.Config{MaxDuration: run},
			"timeout = 2s; must be at most the plan's max_duration, 1s",
		},
		"as long":       {name.Timeout(run).Needs(run), fanout.Config{MaxDuration: run}, ""},
		"declared":      {name, fanout.Config{MaxDuration: run, Declared: declared}, ""},
		"none":          {name, fanout.Config{MaxDuration: run}, ""},
		"a longer plan": {name.Timeout(longer), fanout.Config{MaxDuration: longer}, ""},
	} {
		tt.cfg.Name = "p"
		_, err := fanout.NewPlanWith(tt.cfg, tt.source)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v; want %q", what, err, tt.want)
		}
	}
}
