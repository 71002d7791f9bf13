package degrade

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
	"github.com/afloat-go/afloat/interceptors/internal/names"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

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
	// maxCount bounds counts.
	maxCount = math.MaxInt32
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
	// Source is for operators. It is empty outside the trust boundary, see
	// [WithEdge].
	Source Source
}

// sound returns the marker as it can be sent and as it arrives. A state that no
// degraded field can have becomes [Unknown], and a reason that does not exist
// [ReasonError].
func (m Marker) sound() Marker {
	if fieldpath.Check(m.Path) != nil {
		return Marker{State: Partial, Reason: ReasonInternal, Source: m.Source.sound()}
	}
	m.State, m.Reason = stateOf(m.State.proto()), reasonOf(degradev1.Reason(m.Reason))
	if m.Age = max(m.Age, 0); m.State != Stale {
		m.Age = 0
	}
	if strings.HasSuffix(m.Path, "[*]") {
		m.Keys, m.Count = keysOf(m.Keys), min(max(m.Count, len(m.Keys)), maxCount)
	} else {
		m.Keys, m.Count = nil, 0
	}
	m.Source = m.Source.sound()
	return m
}

// fields returns how many fields the marker is about.
func (m Marker) fields() int { return max(1, m.Count) }

// markerOf reads a marker off the wire. If md does not have the field, because the peer
// knows a newer version, the marker stands for the part of the path that md
// does have.
func markerOf(f *degradev1.FieldDegradation, md protoreflect.MessageDescriptor) (m Marker, ok bool) {
	if fieldpath.Check(f.GetPath()) != nil {
		return Marker{}, false
	}
	m = Marker{
		Path:   f.GetPath(),
		State:  stateOf(f.GetState()),
		Reason: reasonOf(f.GetReason()),
		Source: sourceOf(f.GetSourceInfo()),
	}
	if m.State == Stale {
		m.Age = positive(f.GetAge())
	}
	if strings.HasSuffix(m.Path, "[*]") {
		m.Keys = keysOf(f.GetElementKeys())
		m.Count = max(countOf(f.GetElementCount()), len(f.GetElementKeys()))
	}
	if md != nil {
		if known := fieldpath.KnownPart(m.Path, md); known != m.Path {
			m = Marker{Path: known, State: Partial, Reason: m.Reason, Source: m.Source}
		}
	}
	return m, true
}

// proto returns the marker on the wire.
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

// countOf reads a count off the wire, cut to an int32.
func countOf(n uint32) int { return int(min(n, maxCount)) }

// keysOf returns the names of elements that are fit to be shown.
func keysOf(given []string) []string {
	var keys []string
	for _, k := range given {
		if len(keys) < MaxKeys && len(k) <= MaxKeyBytes && utf8.ValidString(k) && !strings.ContainsFunc(k, names.Drives) {
			keys = append(keys, k)
		}
	}
	return keys
}

// positive reads a duration off the wire, 0 if there is none that makes sense.
func positive(d *durationpb.Duration) time.Duration {
	if d.CheckValid() != nil {
		return 0
	}
	return max(0, d.AsDuration())
}

// rank returns the place of the marker where there is not room for all, 0 for the first:
// those that this service made, the worst first, before those of others.
func (m Marker) rank() int {
	rank := severities - 1 - m.State.severity()
	if m.Source.Hops > 0 {
		rank += severities
	}
	return rank
}

// claims reports whether two markers say the same apart from details.
func (m Marker) claims(other Marker) bool {
	return m.Path == other.Path && m.State == other.State && m.Reason == other.Reason
}

// united merges two markers that say the same: it returns one with the elements of
// both and the greater age.
func (m Marker) united(other Marker) Marker {
	m.Age = max(m.Age, other.Age)
	keys, both := slices.Clip(m.Keys), 0 // other markers may share them
	for _, k := range other.Keys {
		switch {
		case slices.Contains(m.Keys, k):
			both++
		case len(keys) < MaxKeys:
			keys = append(keys, k)
		}
	}
	m.Keys, m.Count = keys, plus(m.Count, other.Count-both)
	if m.Source == (Source{}) {
		m.Source = other.Source
	}
	return m
}

// position is where a marker lies, as seen from a field.
type position struct {
	side  side
	depth int // the larger, the nearer to the field
}

// side is on which side of a field a marker lies.
type side uint8

const (
	elsewhere side = iota
	above          // at the field, or at one that it lies in
	within
)

// seenFrom returns where the marker lies, as seen from a field. If the marker is
// about several elements, the one in question may be among them, unless the marker
// names them all.
func (m Marker) seenFrom(field fieldpath.Path) position {
	own, err := fieldpath.Parse(m.Path)
	if err != nil {
		return position{} // there is no such marker
	}
	p := position{side: above, depth: 2 * len(own)}
	if len(own) > len(field) {
		p.side = within
	}
	for i := range min(len(own), len(field)) {
		switch mine, other := own[i], field[i]; {
		case mine == other:
		case mine.Kind == fieldpath.AllStep && other.Kind == fieldpath.KeyStep && (i < len(own)-1 || m.mayBe(other.Name)):
			p.depth-- // one that names the element itself is nearer
		case mine.Kind == fieldpath.KeyStep && other.Kind == fieldpath.AllStep:
			p.side = within
		default:
			return position{}
		}
	}
	return p
}

// mayBe reports whether the element of that name may be among those of the marker.
func (m Marker) mayBe(name string) bool {
	return len(m.Keys) == 0 || m.Count > len(m.Keys) || slices.Contains(m.Keys, name)
}
