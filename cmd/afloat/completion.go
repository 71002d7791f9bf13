package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	adminv1 "github.com/afloat-go/afloat/proto/afloat/admin/v1"
)

// words are what can follow a command, and the flags of each.
var words = map[string][]string{ //nolint:gochecknoglobals // never written
	"":           {"state", "explain", "watch", "open", "close", "trip", "reset", "override", "rules", "completion", "version", "help"},
	"rules":      {"check", "table", "simulate"},
	"override":   {"list", "open", "close", "disable", "places", "end"},
	"completion": {"bash", "zsh", "fish"},
}

// The flags of the commands that speak to a process.
var (
	remoteFlags   = []string{"-addr", "-tls", "-ca", "-json", "-timeout", "-target", "-kind", "-side"} //nolint:gochecknoglobals // never written
	steeringFlags = append([]string{"-rule", "-everything", "-reason", "-dry-run"}, remoteFlags...)    //nolint:gochecknoglobals // never written
	flagsOf       = map[string][]string{                                                               //nolint:gochecknoglobals // never written
		"state":   append([]string{"-state", "-overridden", "-limit", "-check"}, remoteFlags...),
		"explain": remoteFlags, "watch": remoteFlags, "override list": remoteFlags, "override end": append([]string{"-reason"}, remoteFlags...),
		"open": append([]string{"-for"}, steeringFlags...), "close": append([]string{"-for"}, steeringFlags...),
		"override open": append([]string{"-for"}, steeringFlags...), "override close": append([]string{"-for"}, steeringFlags...),
		"override disable": append([]string{"-for"}, steeringFlags...), "override places": append([]string{"-for", "-n"}, steeringFlags...),
		"trip": steeringFlags, "reset": steeringFlags,
		"rules check": {"-descriptors", "-target", "-side", "-custom"}, "rules table": {"-descriptors", "-target", "-side", "-custom"},
		"rules simulate": {"-world", "-method", "-rate", "-seeds", "-descriptors", "-target", "-side", "-custom"},
	}
	// valuesOf are the values of flags that have few.
	valuesOf = map[string][]string{ //nolint:gochecknoglobals // never written
		"-side": {"client", "server", "local"}, "-kind": {"breaker", "bulkhead", "ratelimit", "timeout", "fault"},
		"-state": {"closed", "slow", "open", "half_open", "forced_open", "disabled"}, "-for": {"1m", "5m", "15m", "1h"},
	}
)

// scripts have the shells ask this program: what follows "complete" are the words of the line,
// the last of which is to be completed.
var scripts = map[string]string{ //nolint:gochecknoglobals // never written
	"bash": `_afloat() {
  local IFS=$'\n'
  COMPREPLY=($(afloat complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _afloat afloat
`,
	"zsh": `#compdef afloat
_afloat() {
  local -a candidates
  candidates=("${(@f)$(afloat complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a candidates
}
compdef _afloat afloat
`,
	"fish": `complete -c afloat -f -a '(set -l line (commandline -opc) (commandline -ct); afloat complete $line[2..-1] 2>/dev/null)'
`,
}

// runCompletion prints the script of a shell.
func runCompletion(args []string, std stdio) int {
	shell, _ := cut(args)
	script, ok := scripts[shell]
	if !ok {
		return failed(std, fmt.Errorf("shell = %q; must be bash, zsh or fish", shell))
	}
	fmt.Fprint(std.out, script)
	return exitGood
}

// runComplete prints what the last of the words may become.
func runComplete(args []string, std stdio) int {
	if len(args) == 0 {
		args = []string{""}
	}
	last, before := args[len(args)-1], args[:len(args)-1]
	candidates := candidatesFor(before, last)
	slices.Sort(candidates)
	for _, c := range slices.Compact(candidates) {
		if strings.HasPrefix(c, last) {
			fmt.Fprintln(std.out, c)
		}
	}
	return exitGood
}

// candidatesFor returns what may stand after the words.
func candidatesFor(before []string, last string) []string {
	command, rest := commandIn(before)
	flags, isCommand := flagsOf[command]
	switch {
	case len(rest) > 0 && valuesOf[rest[len(rest)-1]] != nil:
		return valuesOf[rest[len(rest)-1]]
	case strings.HasPrefix(last, "-"):
		return flags
	case isCommand && strings.HasPrefix(command, "rules"):
		return nil // files, by the shell itself
	case isCommand:
		return askFor(command, rest)
	default:
		return words[command]
	}
}

// commandIn returns the command that words begin with, and what follows it.
func commandIn(line []string) (command string, rest []string) {
	if len(line) == 0 {
		return "", nil
	}
	if len(line) > 1 && words[line[0]] != nil && slices.Contains(words[line[0]], line[1]) {
		return line[0] + " " + line[1], line[2:]
	}
	return line[0], line[1:]
}

// askTime is how long a shell waits for names at most.
const askTime = time.Second

// askFor asks the process that the line names for names.
func askFor(command string, rest []string) (names []string) {
	r := remote{command: command, std: stdio{out: io.Discard, complaints: io.Discard}}
	var addr []string
	for i, word := range rest {
		switch {
		case word == "-addr" || word == "-ca":
			addr = append(addr, rest[i:min(i+2, len(rest))]...)
		case strings.HasPrefix(word, "-addr=") || word == "-tls" || strings.HasPrefix(word, "-ca="):
			addr = append(addr, word)
		}
	}
	if _, ok := r.parse(addr, "", nil); !ok {
		return nil
	}
	r.patience = askTime
	r.briefly(func(ctx context.Context, c adminv1.AdminServiceClient) (int, error) {
		m, err := c.Snapshot(ctx, &adminv1.SnapshotRequest{WithoutRules: true, PageSize: pageSize})
		if err != nil {
			return 0, err
		}
		if command == "override end" {
			for _, o := range m.GetOverrides() {
				names = append(names, shown(o.GetId()))
			}
			return exitGood, nil
		}
		for _, p := range m.GetPolicies() {
			names = append(names, shown(p.GetName()))
			if i := strings.LastIndexByte(p.GetName(), '/'); i > 0 && command != "explain" {
				names = append(names, shown(p.GetName()[:i])+"/*")
			}
		}
		if len(names) == 0 {
			return 0, errors.New("nothing is known")
		}
		return exitGood, nil
	})
	return names
}
