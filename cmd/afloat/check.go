package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
	"github.com/afloat-go/afloat/interceptors/rules"
	"github.com/afloat-go/afloat/interceptors/rules/config"
	"github.com/afloat-go/afloat/interceptors/timeout"
)

// check sets rules against the methods of an API.
type check struct {
	arguments

	rules   *rules.Rules
	inForce []config.RuleInForce
	methods []method
	made    []config.Option // what the rules were made by
}

// findings returns what the rules would hardly be meant to do, one a line: by themselves, and
// for the methods that are known.
func (c *check) findings() []string {
	var all []string
	for _, r := range slices.SortedStableFunc(slices.Values(c.inForce), byPlace) {
		for _, problem := range c.problems(r) {
			all = append(all, fmt.Sprintf("%s: match = %s; %s", r.Place, r.Match, problem))
		}
		all = append(all, r.Warnings...)
	}
	for _, m := range c.methods {
		if r := c.of(m); m.shape == policy.Unary && !hasDeadline(r, c.side) {
			all = append(all, fmt.Sprintf("%s: has no deadline on a %v: %s", m.name, c.side, because(r)))
		}
	}
	return all
}

// problems returns what is odd about a rule.
func (c *check) problems(r config.RuleInForce) []string {
	var all []string
	if r.Source != config.BuiltIn && breaksOnUnnamedSides(r) {
		all = append(all, "has a breaker and no side; no server has that breaker: write side: client, "+
			"or side: server where a server is to refuse its callers when its own handlers fail")
	}
	if problem := c.problem(r); problem != "" {
		all = append(all, problem)
	}
	return all
}

// breaksOnUnnamedSides reports whether a rule without sides has a breaker, which is then
// for fewer calls than the rest of the rule.
func breaksOnUnnamedSides(r config.RuleInForce) bool {
	return len(r.Sides) == 0 && r.Target == "" && slices.ContainsFunc(r.Policies, func(t rules.Template) bool {
		_, isBreaker := t.Config.(breaker.Config)
		return isBreaker && !slices.Contains(t.Sides, policy.Server)
	})
}

// problem returns what is odd about the methods of a rule, empty if nothing is. There are
// always methods for "*" that no descriptor knows; without descriptors, none is known.
func (c *check) problem(r config.RuleInForce) string {
	switch {
	case r.Match == "*" || r.Source == config.BuiltIn || c.descriptors == "":
		return ""
	case !slices.ContainsFunc(c.methods, func(m method) bool { return matches(r.Match, m.name) }):
		return missing(r.Match)
	case !c.isClosest(r):
		return "is the closest rule for no method: all have closer ones"
	default:
		return ""
	}
}

// byPlace puts rules in the order of their file.
func byPlace(a, b config.RuleInForce) int {
	if a.Source != b.Source || a.Source != config.File {
		return cmp.Compare(a.Source, b.Source)
	}
	return cmp.Compare(lineOf(a.Place), lineOf(b.Place))
}

// lineOf returns the line of a place as in "rules.yaml:12:5".
func lineOf(place string) int {
	parts := strings.Split(place, ":")
	line, _ := strconv.Atoi(parts[max(0, len(parts)-2)])
	return line
}

// matches reports whether a pattern matches a method.
func matches(pattern, method string) bool {
	prefix, wide := strings.CutSuffix(pattern, "*")
	return wide && strings.HasPrefix(method, prefix) || pattern == method
}

// missing names what a pattern without methods is for.
func missing(pattern string) string {
	switch {
	case strings.HasSuffix(pattern, "/*"):
		return "there is no such service"
	case strings.HasSuffix(pattern, ".*"):
		return "there is no service in such a package"
	default:
		return "there is no such method"
	}
}

// isClosest reports whether some call has the rule.
func (c *check) isClosest(r config.RuleInForce) bool {
	for _, m := range c.methods {
		if !matches(r.Match, m.name) {
			continue
		}
		for _, side := range []policy.Side{policy.Client, policy.Server, policy.Local} {
			for _, closest := range c.rules.Matching(&policy.Call{Method: m.name, Target: r.Target, Side: side}) {
				if same(r, closest, side) {
					return true
				}
			}
		}
	}
	return false
}

// same reports whether a rule in force is the one that was found for a side.
func same(r config.RuleInForce, found rules.Rule, side policy.Side) bool {
	return r.Match == found.Match && r.Target == found.Target && r.Shadow == found.Shadow &&
		(len(r.Sides) == 0 || slices.Contains(r.Sides, side))
}

// of returns the rules of a method: the one in force, and a shadow rule.
func (c *check) of(m method) []config.RuleInForce {
	var all []config.RuleInForce
	for _, found := range c.rules.Matching(&policy.Call{Method: m.name, Target: c.target, Side: c.side}) {
		for _, r := range c.inForce {
			if same(r, found, c.side) {
				all = append(all, r)
			}
		}
	}
	return all
}

// hasDeadline reports whether unary calls under the rules have one.
func hasDeadline(rules []config.RuleInForce, side policy.Side) bool {
	for _, r := range rules {
		for _, t := range templates(r, side) {
			if cfg, ok := t.Config.(timeout.Config); ok && !r.Shadow && (cfg.Default > 0 || cfg.Max > 0) {
				return true
			}
		}
	}
	return false
}

// because names the rule that leaves a method without a deadline.
func because(rules []config.RuleInForce) string {
	for _, r := range rules {
		if !r.Shadow {
			return fmt.Sprintf("rule %s of %s gives none", r.Match, r.Place)
		}
	}
	return "no rule is for it"
}

// templates returns those of a rule that are for a side.
func templates(r config.RuleInForce, side policy.Side) []rules.Template {
	return slices.DeleteFunc(slices.Clone(r.Policies), func(t rules.Template) bool {
		return len(t.Sides) > 0 && !slices.Contains(t.Sides, side)
	})
}
