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
	// Reason is why the field is degraded.
	Reason Reason
	// Age is how old the value is, 0 if not known. Only with state [Stale].
	Age time.Duration
	// Keys are the names of the affected elements, if Path ends in [*] and the
	// server names them. Count is how many elements are affected, named or not.
	Keys  []string
	Count int
	// Source is for operators. It is empty outside the trust boundary, see [Edge].
	Source Source
}

// Source says where a marker comes from.
type Source struct {
	// Name is the source that was asked, as its plan names it.
	Name string
	// Origin is the source that failed first, perhaps several services away.
	Origin string
	// Code is the status code that the source ended with.
	Code codes.Code
	// Elapsed is how long the source took.
	Elapsed time.Duration
	// Hops is how many services the marker has passed through, at most [MaxHops].
	Hops int
	// Fallback is the name of the fallback that answered instead, if one did.
	Fallback string
}

// Bounds of a marker. Whatever exceeds them when it arrives from the network is
// cut off.
const (
	// MaxHops is the number of services through which the origin of a marker is
	// kept. A marker that has come further keeps its path but loses its origin.
	MaxHops = 8
	// MaxKeys bounds the number of names of elements, MaxKeyBytes the length of
	// each.
	MaxKeys     = 100
	MaxKeyBytes = 128
	// maxNameBytes bounds the names of sources and fallbacks.
	maxNameBytes = 128
)

// sound returns the marker as it can be sent and as it arrives. A state that no
// degraded field can have becomes [Unknown], and a reason that does not exist
// [ReasonError].
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

// fields is how many fields the marker is about.
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

// proto is nil for the zero Source.
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
