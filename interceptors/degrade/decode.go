package degrade

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// Bounds of what is read from the network. A peer is not trusted: whatever
// exceeds them or makes no sense counts as dropped.
const (
	// maxMarkers bounds the markers of one report.
	maxMarkers = 500
	// maxEncoded bounds the bytes of a report in a trailer.
	maxEncoded = 64 << 10
)

// unmarshal reads a report from a trailer. Malformed bytes still say that
// something is wrong with the response, but not with which field.
func unmarshal(encoded string, md protoreflect.MessageDescriptor) Report {
	var d degradev1.Degradation
	if len(encoded) > maxEncoded || proto.Unmarshal([]byte(encoded), &d) != nil {
		return Report{known: true, truncated: true, dropped: 1}
	}
	return fromProto(&d, md)
}

// fromProto reads a report on a message of type md, which is nil if not known.
func fromProto(d *degradev1.Degradation, md protoreflect.MessageDescriptor) Report {
	if d == nil {
		return Report{}
	}
	r := Report{known: true, dropped: countOf(d.GetDroppedCount())}
	read := d.GetFields()[:min(len(d.GetFields()), maxMarkers)]
	for _, f := range d.GetFields()[len(read):] {
		r.dropped = plus(r.dropped, max(1, countOf(f.GetElementCount())))
	}
	var markers []Marker
	for _, f := range read {
		m, ok := markerOf(f, md)
		if !ok {
			r.dropped = plus(r.dropped, 1)
			continue
		}
		markers = append(markers, m)
	}
	r.markers = normal(markers)
	r.truncated = d.GetTruncated() || r.dropped > 0
	return r
}

// countOf reads a count off the wire, cut to an int32.
func countOf(n uint32) int { return int(min(n, math.MaxInt32)) }

// plus adds counts, up to the largest there is.
func plus(a, b int) int { return int(min(int64(a)+int64(b), math.MaxInt32)) }

// markerOf reads a marker. If md does not have the field, because the peer
// knows a newer version, the marker stands for the part of the path that md
// does have.
func markerOf(f *degradev1.FieldDegradation, md protoreflect.MessageDescriptor) (m Marker, ok bool) {
	if CheckPath(f.GetPath()) != nil {
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
		if known := knownPart(m.Path, md); known != m.Path {
			m = Marker{Path: known, State: Partial, Reason: m.Reason, Source: m.Source}
		}
	}
	return m, true
}

// keysOf returns the names of elements that are fit to be shown.
func keysOf(given []string) []string {
	var keys []string
	for _, k := range given {
		if len(keys) < MaxKeys && len(k) <= MaxKeyBytes && utf8.ValidString(k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func sourceOf(info *degradev1.SourceInfo) Source {
	return Source{
		Name:     cut(info.GetSource()),
		Origin:   cut(info.GetOrigin()),
		Code:     codes.Code(max(0, info.GetCode())),
		Elapsed:  positive(info.GetElapsed()),
		Hops:     int(min(info.GetHops(), MaxHops)),
		Fallback: cut(info.GetFallback()),
	}
}

// cut shortens a name to what is fit to be shown.
func cut(name string) string {
	if len(name) > maxNameBytes {
		name = strings.Clone(name[:maxNameBytes]) // lets the rest go
	}
	return strings.ToValidUTF8(name, "")
}

func positive(d *durationpb.Duration) time.Duration {
	if d.CheckValid() != nil {
		return 0
	}
	return max(0, d.AsDuration())
}
