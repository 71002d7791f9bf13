package degrade

import (
	"encoding/base64"
	"strconv"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/internal/markerfield"
	"github.com/afloat-go/afloat/interceptors/policy"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// reading is how much of a peer's report is read. A peer is not trusted: whatever exceeds
// the bounds or makes no sense counts as dropped. The zero value reads all within them.
type reading struct {
	// claimed is all that can still be said, nil for anything: the scope that the report
	// is for is full. What says anything else is counted and not read.
	claimed map[claim]int
	// under is where in the scope's result the reported response ends up.
	under string
	// first: all markers will be summed up in one, so that only the first is read.
	first bool
}

// reply reads the server's report of a unary response, in the response or beside it.
func (rd reading) reply(reply any, header, trailer metadata.MD) Report {
	m, ok := reply.(proto.Message)
	if !ok {
		return rd.beside(header, trailer, nil)
	}
	if r := rd.response(m); r.Known() {
		return r
	}
	return rd.beside(header, trailer, m.ProtoReflect().Descriptor())
}

// response reads the report in a response's field for markers.
func (rd reading) response(response proto.Message) Report {
	m := response.ProtoReflect()
	return rd.message(markerfield.Get(m), m.Descriptor())
}

// beside reads a peer's report on a response of type md from its metadata. The last
// value counts: if a handler forwards the metadata of its own calls, its server's
// interceptor adds the true value after that.
func (rd reading) beside(header, trailer metadata.MD, md protoreflect.MessageDescriptor) Report {
	if encoded := trailer.Get(TrailerKey); len(encoded) > 0 {
		return rd.text(encoded[len(encoded)-1], md)
	}
	for _, from := range []metadata.MD{header, trailer} {
		if summary := from.Get(SummaryKey); len(summary) > 0 {
			return fromSummary(summary[len(summary)-1])
		}
	}
	return Report{}
}

// failure reads the report in the details of a failed call's error.
func (rd reading) failure(err error) Report {
	s, ok := policy.StatusOf(err)
	if !ok {
		return Report{}
	}
	for _, d := range s.Proto().GetDetails() {
		if isReport(d) {
			return rd.encoded(d.GetValue(), nil)
		}
	}
	return Report{}
}

// text reads a report from a trailer, which is in base64 that others may have padded.
func (rd reading) text(s string, md protoreflect.MessageDescriptor) Report {
	s = strings.TrimRight(s, "=")
	if len(s) > base64.RawStdEncoding.EncodedLen(maxEncoded) {
		return unreadable()
	}
	encoded, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return unreadable()
	}
	return rd.encoded(encoded, md)
}

// unreadable returns the report on a response whose own report makes no sense: something
// is wrong with it, but not known with which field.
func unreadable() Report { return Report{known: true, truncated: true, dropped: 1} }

// encoded reads a serialised report. Malformed bytes still say that something is wrong
// with the response, but not with which field.
func (rd reading) encoded(b []byte, md protoreflect.MessageDescriptor) Report {
	var d degradev1.Degradation
	if len(b) > maxEncoded {
		return unreadable()
	}
	kept, beyond := trimmed(b)
	if proto.Unmarshal(kept, &d) != nil {
		return unreadable()
	}
	d.DroppedCount = uint32(plus(countOf(d.GetDroppedCount()), beyond)) //nolint:gosec // in range
	return rd.message(&d, md)
}

// message reads a report on a message of type md, which is nil if not known.
func (rd reading) message(d *degradev1.Degradation, md protoreflect.MessageDescriptor) Report {
	if d == nil {
		return Report{}
	}
	g := gathering{dropped: countOf(d.GetDroppedCount())}
	within := min(len(d.GetFields()), maxMarkers)
	read := within
	if rd.first {
		read = min(within, 1)
	}
	for _, f := range d.GetFields()[:read] {
		rd.marker(&g, f, md, read)
	}
	for _, f := range d.GetFields()[within:] {
		g.drop(fieldsOf(f))
	}
	r := g.report()
	r.truncated = r.truncated || d.GetTruncated()
	return r
}

// marker reads one of so many markers.
func (rd reading) marker(g *gathering, f *degradev1.FieldDegradation, md protoreflect.MessageDescriptor, of int) {
	if !rd.wants(claimOf(f)) {
		g.drop(fieldsOf(f))
		return
	}
	m, ok := markerOf(f, md)
	if !ok {
		g.drop(1)
		return
	}
	if g.markers == nil && rd.claimed == nil {
		g.markers = make(markers, 0, of)
	}
	g.keep(m)
}

// report returns what is wanted of a report that was not sent, and counts the rest.
func (rd reading) report(r Report) Report {
	if rd.claimed == nil {
		return r
	}
	var wanted markers
	for i := range r.markers {
		if m := &r.markers[i]; rd.wants(m.claim()) {
			wanted = append(wanted, *m)
		} else {
			r.dropped, r.truncated = plus(r.dropped, m.fields()), true
		}
	}
	r.markers = wanted
	return r
}

// wants reports whether there is room for a marker in the scope, or one that says the same.
// It moves the marker's path to where the response ends up, and allocates nothing.
func (rd reading) wants(c claim) bool {
	if rd.claimed == nil {
		return true
	}
	if len(c.path) > MaxPathBytes {
		return false
	}
	var moved [2*MaxPathBytes + 1]byte
	path := append(moved[:0], rd.under...)
	if rd.under != "" && c.path != "" {
		path = append(path, '.')
	}
	_, ok := rd.claimed[claim{path: string(append(path, c.path...)), state: c.state, reason: c.reason}]
	return ok
}

// fieldsOf returns how many fields a marker is about that is not read.
func fieldsOf(f *degradev1.FieldDegradation) int { return max(1, countOf(f.GetElementCount())) }

// fromSummary reads what remains if something on the way dropped the markers
// themselves.
func fromSummary(summary string) Report {
	total, _, _ := strings.Cut(summary, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(total), 10, 31)
	if err == nil && n == 0 {
		return NewReport()
	}
	return Report{known: true, truncated: true, dropped: int(max(n, 1))}
}
