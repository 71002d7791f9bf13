package config

import "log/slog"

// Observer hears of changes. It must be safe for concurrent use and must not block.
// It is called outside all locks, and its panics are recovered and dropped. Its
// methods use no types of this package, so that it can be implemented without
// importing it.
type Observer interface {
	// RulesApplied: a change was applied, and this many rules are in force. The
	// source is that of the change: "file", "code", or "start" for the first rules.
	RulesApplied(source string, rules int)
	// RulesRefused: a change was refused because of err, which has all faults. The
	// old rules stay in force.
	RulesRefused(source string, err error)
}

// start is the source of the first rules.
const start = "start"

// tellApplied tells the observer and the log.
func (o *options) tellApplied(source string, rules int) {
	o.log().Info("rules applied", "source", source, "file", o.path, "rules", rules)
	if o.observer != nil {
		defer contain()
		o.observer.RulesApplied(source, rules)
	}
}

// tellRefused tells the observer and the log.
func (o *options) tellRefused(source string, err error) {
	o.log().Error("rules refused; those before stay in force", "source", source, "file", o.path, "error", err)
	if o.observer != nil {
		defer contain()
		o.observer.RulesRefused(source, err)
	}
}

func (o *options) log() *slog.Logger {
	if o.logger == nil {
		return slog.Default()
	}
	return o.logger
}

func contain() { _ = recover() }
