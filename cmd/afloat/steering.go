package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
	policyv1 "github.com/afloat-go/afloat/proto/afloat/policy/v1"
)

// steering is a command that changes what a guard does.
type steering struct {
	remote

	rule, reason       string
	everything, dryRun bool
	lasting            time.Duration
	places             int
}

// addSteeringFlags adds those of the commands that change something.
func (s *steering) addSteeringFlags(flags *flag.FlagSet) {
	flags.StringVar(&s.rule, "rule", "", "the match of the rule that configures the policies")
	flags.BoolVar(&s.everything, "everything", false, "all policies, in place of a name and the flags above")
	flags.StringVar(&s.reason, "reason", "", "why, for the log and for whoever looks (required)")
	flags.BoolVar(&s.dryRun, "dry-run", false, "only tell for which policies it would be")
}

// addLasting adds the flag of the commands that end by themselves.
func (s *steering) addLasting(flags *flag.FlagSet) {
	flags.DurationVar(&s.lasting, "for", 0, "how long, 1s to 24h (required)")
}

// begins are the commands that begin an override.
var begins = map[string]policyv1.Action{ //nolint:gochecknoglobals // never written
	"open": policyv1.Action_ACTION_FORCE_OPEN, "close": policyv1.Action_ACTION_FORCE_CLOSED,
	"disable": policyv1.Action_ACTION_DISABLE, "places": policyv1.Action_ACTION_SET_PLACES,
}

// runBegin begins an override, by its name.
func runBegin(command string, args []string, std stdio) int {
	action := begins[strings.TrimPrefix(command, "override ")]
	s := steering{remote: remote{command: command, std: std}}
	exit, ok := s.parse(args, "[flags] [name]", func(flags *flag.FlagSet) {
		s.addSteeringFlags(flags)
		s.addLasting(flags)
		if action == policyv1.Action_ACTION_SET_PLACES {
			flags.IntVar(&s.places, "n", 0, "how many places, 1 to 1000000 (required)")
		}
	})
	if !ok {
		return exit
	}
	return s.send(&adminv1.OverrideRequest{Command: &adminv1.OverrideRequest_Begin_{Begin: &adminv1.OverrideRequest_Begin{
		Action: action, Places: int32(min(max(s.places, -1), 1<<30)), For: durationpb.New(s.lasting),
	}}})
}

// runOnce trips or resets policies.
func runOnce(command string, args []string, std stdio) int {
	s := steering{remote: remote{command: command, std: std}}
	exit, ok := s.parse(args, "[flags] [name]", s.addSteeringFlags)
	if !ok {
		return exit
	}
	r := &adminv1.OverrideRequest{Command: &adminv1.OverrideRequest_Trip_{Trip: &adminv1.OverrideRequest_Trip{}}}
	if command == "reset" {
		r.Command = &adminv1.OverrideRequest_Reset_{Reset_: &adminv1.OverrideRequest_Reset{}}
	}
	return s.send(r)
}

// runEnd ends an override.
func runEnd(args []string, std stdio) int {
	s := steering{remote: remote{command: "override end", std: std}}
	exit, ok := s.parse(args, "[flags] id", func(flags *flag.FlagSet) { flags.StringVar(&s.reason, "reason", "", "why, for the log") })
	if !ok {
		return exit
	}
	if len(s.names) != 1 {
		return failed(std, fmt.Errorf("%d ids; must be one", len(s.names)))
	}
	return s.briefly(func(ctx context.Context, c adminv1.AdminServiceClient) (int, error) {
		m, err := c.Override(ctx, &adminv1.OverrideRequest{Reason: s.reason, Command: &adminv1.OverrideRequest_End_{End: &adminv1.OverrideRequest_End{Id: s.names[0]}}})
		if err != nil {
			return 0, err
		}
		return exitGood, s.tell(m)
	})
}

// runOverrides prints the overrides in force.
func runOverrides(args []string, std stdio) int {
	s := state{remote: remote{command: "override list", std: std}}
	if exit, ok := s.parse(args, "[flags]", nil); !ok {
		return exit
	}
	return s.briefly(func(ctx context.Context, c adminv1.AdminServiceClient) (int, error) {
		m, err := c.Snapshot(ctx, &adminv1.SnapshotRequest{WithoutPolicies: true, WithoutRules: true})
		if err != nil {
			return 0, err
		}
		if s.json {
			return exitGood, s.print(m)
		}
		printOverrides(std.out, m.GetOverrides())
		return exitGood, nil
	})
}

// runOverride does what the arguments after override say.
func runOverride(args []string, std stdio) int {
	name, rest := cut(args)
	switch name {
	case "end":
		return runEnd(rest, std)
	case "list":
		return runOverrides(rest, std)
	case "open", "close", "disable", "places":
		return runBegin("override "+name, rest, std)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(std.out, usage)
		return exitGood
	default:
		if name == "" || strings.HasPrefix(name, "-") {
			return runOverrides(args, std)
		}
		return unknown("override "+name, std)
	}
}

// scope returns which policies are meant.
func (s *steering) scope() (*policyv1.OverrideScope, error) {
	if len(s.names) > 1 {
		return nil, fmt.Errorf("%d names; must be one at most", len(s.names))
	}
	return &policyv1.OverrideScope{
		Everything: s.everything, Kind: s.kind, Side: s.side, Target: s.target, Name: cmp.Or(append(s.names, "")...), Rule: s.rule,
	}, nil
}

// errNoScope says that everything must be asked for.
var errNoScope = errors.New(`nothing is named; must be a name, such as "/shop.Users/Get" or "/shop.Users/*", -target, -kind or -rule; or -everything`)

// send sends a change.
func (s *steering) send(r *adminv1.OverrideRequest) int {
	scope, err := s.scope()
	if err == nil && scope.String() == "" {
		err = errNoScope
	}
	if err != nil {
		return failed(s.std, err)
	}
	r.Scope, r.Reason, r.DryRun = scope, s.reason, s.dryRun
	return s.briefly(func(ctx context.Context, c adminv1.AdminServiceClient) (int, error) {
		m, err := c.Override(ctx, r)
		if err != nil {
			return 0, err
		}
		if err := s.tell(m); err != nil {
			return 0, err
		}
		if m.GetPolicies() == 0 {
			return exitFound, nil
		}
		return exitGood, nil
	})
}

// tell prints what was done.
func (s *steering) tell(m *adminv1.OverrideResponse) error {
	if s.json {
		return s.print(m)
	}
	done := "done for"
	if s.dryRun {
		done = "it would be for"
	}
	fmt.Fprintf(s.std.out, "%s %d policies\n", done, m.GetPolicies())
	for _, name := range m.GetNames() {
		fmt.Fprintf(s.std.out, "  %s\n", shown(name))
	}
	if more := int(m.GetPolicies()) - len(m.GetNames()); more > 0 && len(m.GetNames()) > 0 {
		fmt.Fprintf(s.std.out, "  and %d more\n", more)
	}
	if m.GetPolicies() == 0 {
		fmt.Fprintln(s.std.complaints, "no policy is meant now; an override is also for those that are made later")
	}
	if o := m.GetOverride(); o != nil {
		printOverrides(s.std.out, []*policyv1.Override{o})
	}
	return nil
}

// printOverrides prints overrides as a table.
func printOverrides(out io.Writer, all []*policyv1.Override) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line(table, "ID", "ACTION", "FOR", "LEFT", "AUTHOR", "REASON")
	for _, o := range all {
		action := strings.ToLower(strings.TrimPrefix(o.GetAction().String(), "ACTION_"))
		if o.GetPlaces() > 0 {
			action += fmt.Sprintf(" %d", o.GetPlaces())
		}
		left := max(0, time.Until(o.GetUntil().AsTime())).Round(time.Second)
		line(table, shown(o.GetId()), action, shown(scopeWords(o.GetScope())), left.String(), shown(o.GetAuthor()), shown(o.GetReason()))
	}
	_ = table.Flush() // what cannot be written is told by what follows
}

// scopeWords returns a scope in words.
func scopeWords(s *policyv1.OverrideScope) string {
	if s.GetEverything() {
		return "everything"
	}
	var words []string
	for _, part := range []struct{ before, word string }{
		{"", s.GetKind()}, {"", s.GetName()}, {"at ", s.GetTarget()}, {"by rule ", s.GetRule()},
	} {
		if part.word != "" {
			words = append(words, part.before+part.word)
		}
	}
	if s.GetSide() != 0 {
		words = append(words, "on the "+strings.ToLower(strings.TrimPrefix(s.GetSide().String(), "SIDE_"))+" side")
	}
	return strings.Join(words, " ")
}
