package degrade

import (
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// encodedSize is how many bytes what a report says has in a serialised message. It is
// computed, since a message that is built only to be measured costs a dozen allocations a
// marker. The numbers of all fields are below 16, so that a tag is one byte.
type encodedSize int

// wording is how much of a marker is sent.
type wording uint8

const (
	full      wording = iota
	unsourced         // without what is for operators
	anonymous         // without the names of elements either
)

// head returns the size of a report without its markers.
func head(truncated bool, dropped int64) encodedSize {
	var n encodedSize
	if truncated {
		n.number(1)
	}
	n.number(dropped)
	return n
}

// marker adds a marker in a report.
func (n *encodedSize) marker(m *Marker, w wording) {
	var own encodedSize
	own.text(m.Path)
	own.number(int64(m.State.proto()))
	own.number(int64(m.Reason))
	own.duration(m.Age)
	own.number(int64(m.Count))
	own.number(int64(m.Total))
	if w < anonymous {
		for _, k := range m.Keys {
			own.record(encodedSize(len(k)))
		}
	}
	if w < unsourced && m.Source != (Source{}) {
		own.source(&m.Source)
	}
	n.record(own)
}

// source adds a source.
func (n *encodedSize) source(s *Source) {
	var own encodedSize
	own.text(s.Name)
	own.text(s.Origin)
	own.number(int64(s.Code))
	own.duration(s.Elapsed)
	own.number(int64(s.Hops))
	own.text(s.Fallback)
	n.record(own)
}

// record adds a field of so many bytes.
func (n *encodedSize) record(size encodedSize) { *n += 1 + encodedSize(protowire.SizeBytes(int(size))) }

// text adds a text, which is left out if it is empty.
func (n *encodedSize) text(s string) {
	if s != "" {
		n.record(encodedSize(len(s)))
	}
}

// number adds a number, which is left out if it is zero, and is not negative.
func (n *encodedSize) number(i int64) {
	if i != 0 {
		*n += 1 + encodedSize(protowire.SizeVarint(uint64(i))) //nolint:gosec // not negative
	}
}

// duration adds a time, which is left out if it is zero.
func (n *encodedSize) duration(d time.Duration) {
	if d <= 0 {
		return
	}
	var own encodedSize
	own.number(int64(d / time.Second))
	own.number(int64(d % time.Second))
	n.record(own)
}
