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
	// Total is of how many elements that is, 0 if not known.
	Keys         []string
	Count, Total int
	// Source is for operators. It is empty outside the trust boundary, see
	// [WithEdge].
	Source Source
}

// sound returns the marker as it can be sent and as it arrives. A state that no
// degraded field can have becomes [Unknown], and a reason that does not exist
// [ReasonError].
func (m Marker) sound() Marker {
	if _, ok := fieldpath.Scan(m.Path); !ok {
		return Marker{State: Partial, Reason: ReasonInternal, Source: m.Source.sound()}
	}
	m.State, m.Reason = stateOf(m.State.proto()), reasonOf(degradev1.Reason(m.Reason))
	if m.Age = max(m.Age, 0); m.State != Stale {
		m.Age = 0
	}
	if strings.HasSuffix(m.Path, "[*]") {
		m.Keys, m.Count = keysOf(m.Keys), min(max(m.Count, len(m.Keys)), maxCount)
		m.Total = m.total(min(m.Total, maxCount))
	} else {
		m.Keys, m.Count, m.Total = nil, 0, 0
	}
	m.Source = m.Source.sound()
	return m
}

// total returns of how many elements the marker is, if it is said to be n: 0, for not
// known, if there cannot be so few.
func (m Marker) total(n int) int {
	if n < m.Count {
		return 0
	}
	return n
}

// keyAt returns the key of the map's value that the marker is about, if its path ends with
// one after so many steps.
func (m *Marker) keyAt(steps int) []string {
	path, _ := fieldpath.Scan(m.Path)
	if path.Len() != steps+1 || path.Step(steps).Kind != fieldpath.KeyStep {
		return nil
	}
	return []string{path.Step(steps).Name()}
}

// fields returns how many fields the marker is about.
func (m Marker) fields() int { return max(1, m.Count) }

// markerOf reads a marker off the wire. If md does not have the field, because the peer
// knows a newer version, the marker stands for the part of the path that md
// does have.
func markerOf(f *degradev1.FieldDegradation, md protoreflect.MessageDescriptor) (m Marker, ok bool) {
	path, ok := fieldpath.Scan(f.GetPath())
	if !ok {
		return Marker{}, false
	}
	m = Marker{
		Path:   f.GetPath(),
		State:  stateOf(f.GetState()),
		Reason: reasonOf(f.GetReason()),
		Source: sourceOf(f.GetSourceInfo()),
	}
	if md != nil {
		if known := fieldpath.KnownPart(&path, md); known != m.Path {
			m.Path, m.State = known, Partial
			return m, true
		}
	}
	if m.State == Stale {
		m.Age = positive(f.GetAge())
	}
	if strings.HasSuffix(m.Path, "[*]") {
		m.Keys = keysOf(f.GetElementKeys())
		m.Count = max(countOf(f.GetElementCount()), len(f.GetElementKeys()))
		m.Total = m.total(countOf(f.GetElementTotal()))
	}
	return m, true
}

// claimOf reads off the wire what a marker says apart from details.
func claimOf(f *degradev1.FieldDegradation) claim {
	return claim{path: f.GetPath(), state: stateOf(f.GetState()), reason: reasonOf(f.GetReason())}
}

// proto returns the marker on the wire.
func (m Marker) proto() *degradev1.FieldDegradation {
	f := &degradev1.FieldDegradation{
		Path:         m.Path,
		State:        m.State.proto(),
		Reason:       degradev1.Reason(m.Reason),
		ElementKeys:  m.Keys,
		ElementCount: uint32(m.Count), //nolint:gosec // in range
		ElementTotal: uint32(m.Total), //nolint:gosec // in range
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
	for i, k := range given {
		switch {
		case len(keys) == MaxKeys:
			return keys
		case len(k) > MaxKeyBytes || !utf8.ValidString(k) || strings.ContainsFunc(k, names.Drives):
		case keys == nil:
			keys = append(make([]string, 0, min(len(given)-i, MaxKeys)), k)
		default:
			keys = append(keys, k)
		}
	}
	return keys
}

// positive reads a duration off the wire, 0 if there is none that makes sense.
func positive(d *durationpb.Duration) time.Duration {
	const longest = 315_576_000_000 // seconds, 10,000 years. CheckValid says the same, and allocates an error.
	if s, n := d.GetSeconds(), d.GetNanos(); s < 0 || s > longest || n < 0 || n >= int32(time.Second) {
		return 0
	}
	return d.AsDuration()
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

// claim returns what the marker says apart from details.
func (m *Marker) claim() claim { return claim{path: m.Path, state: m.State, reason: m.Reason} }

// claims reports whether two markers say the same apart from details.
func (m *Marker) claims(other *Marker) bool {
	return m.Path == other.Path && m.State == other.State && m.Reason == other.Reason
}

// precedes reports whether the marker comes before another in normal order.
func (m *Marker) precedes(other *Marker) bool {
	if m.Path != other.Path {
		return m.Path < other.Path
	}
	if mine, others := m.State.severity(), other.State.severity(); mine != others {
		return mine > others
	}
	return m.Reason < other.Reason
}

// detail returns the bytes of the names of elements and of the source.
func (m *Marker) detail() int {
	n := len(m.Source.Name) + len(m.Source.Origin) + len(m.Source.Fallback)
	for _, k := range m.Keys {
		n += len(k)
	}
	return n
}

// bare returns the marker without the names of elements and the source.
func (m Marker) bare() Marker {
	m.Keys, m.Source = nil, Source{}
	return m
}

// united merges two markers that say the same: it returns one with the elements of
// both and the greater age.
func (m Marker) united(other Marker) Marker {
	m.Age = max(m.Age, other.Age)
	keys, twice := unitedKeys(m.Keys, other.Keys)
	m.Keys, m.Count = keys, plus(m.Count, other.Count-twice)
	m.Total = m.total(max(m.Total, other.Total))
	if m.Source == (Source{}) {
		m.Source = other.Source
	}
	return m
}

// addValue adds the marker of one value of a map to the one of several, under a key that is
// not among theirs.
func (m *Marker) addValue(key string, of *Marker) {
	m.Age, m.Count = max(m.Age, of.Age), m.Count+1
	if len(m.Keys) < MaxKeys {
		m.Keys = append(m.Keys, key)
	}
	if m.Source == (Source{}) {
		m.Source = of.Source
	}
}

// unitedKeys returns the names that are in one list or the other, as many as there may
// be, and how many of the second are in both. It writes to neither list. Long lists are
// looked up in a set: with the product of both, a peer could buy time.
func unitedKeys(first, second []string) (keys []string, twice int) {
	const few = 1 << 10 // comparisons are cheaper than a set up to here
	var set map[string]bool
	if len(first)*len(second) > few && !slices.Equal(first, second) {
		set = make(map[string]bool, len(first))
		for _, k := range first {
			set[k] = true
		}
	}
	keys = slices.Clip(first)
	for i, k := range second {
		switch {
		case i < len(first) && first[i] == k, set[k], set == nil && slices.Contains(first, k):
			twice++
		case len(keys) < MaxKeys:
			keys = append(keys, k)
		}
	}
	return keys, twice
}

// mayBe reports whether the element that a step leads to may be among those of the
// marker.
func (m *Marker) mayBe(step fieldpath.Step) bool {
	return len(m.Keys) == 0 || m.Count > len(m.Keys) || slices.ContainsFunc(m.Keys, step.Is)
}
