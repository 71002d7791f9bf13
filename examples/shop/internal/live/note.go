package live

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// note is what is kept of a log record.
type note struct {
	at      time.Time
	level   slog.Level
	service string
	text    string
	// circuit is the one whose change it is, empty if it is about something else.
	circuit string
	// times is how many records it stands for, last when the last was if they are several.
	times int
	last  time.Time
}

// maxText bounds a note, in bytes: a rules file may have very many faults.
const maxText = 300

// noteOf returns the note of a record that says this, if there is to be one: none of a
// circuit that lets a probe through, which says nothing before the probe has come back.
func noteOf(record slog.Record, said map[string]string) (note, bool) {
	n := note{at: record.Time, level: record.Level, service: said["service"], circuit: said["name"] + said["target"], times: 1}
	from, to := words(said["from"]), words(said["to"])
	switch {
	case from == "" || to == "":
		n.circuit, n.text = "", cut(message(record.Message, said))
		return n, true
	case from == "open" && to == "half open":
		return n, false
	case from == "half open" && to == "open":
		n.text = fmt.Sprintf("the circuit of %s stays open: %s", said["name"], words(said["cause"]))
	default:
		n.text = fmt.Sprintf("the circuit of %s went from %s to %s: %s", said["name"], from, to, words(said["cause"]))
	}
	return n, true
}

// clock is how the page shows instants.
const clock = "15:04:05"

// event returns the note as it is shown.
func (n note) event() Event {
	e := Event{At: n.at.Format(clock), Level: n.level.String(), Service: n.service, Text: n.text}
	if n.times > 1 {
		e.Text = fmt.Sprintf("%s, %d times until %s", n.text, n.times, n.last.Format(clock))
	}
	return e
}

// message writes a record in a line: its message with the error, which says all, or with
// whatever else it says.
func message(text string, said map[string]string) string {
	if said["error"] != "" {
		return text + ": " + said["error"]
	}
	var more []string
	for key, value := range said {
		if key != "service" && value != "" {
			more = append(more, key+" "+value)
		}
	}
	slices.Sort(more)
	return strings.Join(append([]string{text}, more...), ", ")
}

// cut leaves out the end of what is too long.
func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
}

// words returns a name such as half_open as words.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }
