package degrade

import (
	"math"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// Marker says that one field is degraded.
type Marker struct {
	// Path is the field, empty for the whole response.
	Path string
	// State is what the field holds instead of what it should.
	State State
	// Reason is why.
	Reason Reason
	// Age is how old the value is, 0 if that is not known. Stale only.
	Age time.Duration
	// Keys name the affected elements where Path ends in [*] and the server
	// names them, Count is how many there are, named or not.
	Keys  []string
	Count int
	// Source is for operators. It is empty outside the trust boundary.
	Source Source
}

// Source is where a marker comes from.
type Source struct {
	// Name is the source that was asked, as its plan names it.
	Name string
	// Origin is the source that failed in the first place, several services away
	// perhaps.
	Origin string
	// Code is what the source ended with.
	Code codes.Code
	// Elapsed is how long the source took.
	Elapsed time.Duration
	// Hops is how many services the marker has passed through, at most [MaxHops].
	Hops int
	// Fallback is what answered instead, if a fallback did.
	Fallback string
}

// Bounds of a marker. What exceeds them on its way in from the network is cut
// off.
const (
	// MaxHops is how far a marker is followed. One that has come further keeps
	// its place but loses its origin.
	MaxHops = 8
	// MaxKeys and MaxKeyBytes bound the names of elements.
	MaxKeys     = 100
	MaxKeyBytes = 128
	// maxNameBytes bounds the names of sources and fallbacks.
	maxNameBytes = 128
)

// sound returns the marker as it can be sent and as it arrives. A state that
// is none of a degraded field is [Unknown], a reason that does not exist some
// error.
func (m Marker) sound() Marker {
	if CheckPath(m.Path) != nil {
		return Marker{State: Partial, Reason: ReasonInternal, Source: m.Source.sound()}
	}
	m.State, m.Reason = stateOf(m.State.proto()), reasonOf(degradev1.Reason(m.Reason))
	if m.Age = max(m.Age, 0); m.State != Stale {
		m.Age = 0
	}
	if strings.HasSuffix(m.Path, "[*]") {
		m.Keys, m.Count = keysOf(m.Keys), min(max(m.Count, len(m.Keys)), math.MaxInt32)
	} else {
		m.Keys, m.Count = nil, 0
	}
	m.Source = m.Source.sound()
	return m
}

// sound returns the source as it can be sent.
func (s Source) sound() Source {
	s.Name, s.Origin, s.Fallback = cut(s.Name), cut(s.Origin), cut(s.Fallback)
	s.Hops, s.Elapsed, s.Code = min(max(s.Hops, 0), MaxHops), max(s.Elapsed, 0), min(s.Code, math.MaxInt32)
	return s
}

// fields is how many fields the marker speaks of.
func (m Marker) fields() int { return max(1, m.Count) }

// proto is the marker on the wire.
func (m Marker) proto() *degradev1.FieldDegradation {
	f := &degradev1.FieldDegradation{
		Path:         m.Path,
		State:        m.State.proto(),
		Reason:       degradev1.Reason(m.Reason),
		ElementKeys:  m.Keys,
		ElementCount: uint32(m.Count), //nolint:gosec // in range
		SourceInfo:   m.Source.proto(),
	}
	if m.Age > 0 { // else it is not known
		f.Age = durationpb.New(m.Age)
	}
	return f
}

// proto is nil if there is nothing to say.
func (s Source) proto() *degradev1.SourceInfo {
	if s == (Source{}) {
		return nil
	}
	info := &degradev1.SourceInfo{
		Source:   s.Name,
		Origin:   s.Origin,
		Code:     int32(s.Code),  //nolint:gosec // codes are small
		Hops:     uint32(s.Hops), //nolint:gosec // in range
		Fallback: s.Fallback,
	}
	if s.Elapsed > 0 {
		info.Elapsed = durationpb.New(s.Elapsed)
	}
	return info
}
