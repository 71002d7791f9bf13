package degrade

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// The gRPC metadata keys and values of reports.
const (
	// TrailerKey holds a serialised Degradation, for responses that have no field
	// for one, and for streams.
	TrailerKey = "afloat-degradation-bin"
	// SummaryKey says in ASCII how many fields are degraded, as in "2; missing=1;
	// stale=1", for readers of headers such as proxies and logs. "0" says that the
	// response is complete.
	SummaryKey = "afloat-degraded"
	// RequireKey with the value [RequireAll] in a request asks for a complete
	// response or none.
	RequireKey = "afloat-require"
	RequireAll = "complete"
)

// ownPrefix begins every metadata key of afloat's. They are for one hop: a client's and
// a server's interceptors set them or remove them.
const ownPrefix = "afloat-"

// isOwnKey reports whether a metadata key is afloat's, in whatever case.
func isOwnKey(key string) bool {
	return len(key) >= len(ownPrefix) && strings.EqualFold(key[:len(ownPrefix)], ownPrefix)
}

// withoutOwn returns metadata without afloat's keys.
func withoutOwn(md metadata.MD) metadata.MD { return without(md, isOwnKey) }

// without returns metadata without some keys: md itself if it has none of them.
func without(md metadata.MD, unwanted func(key string) bool) metadata.MD {
	found := false
	for key := range md {
		found = found || unwanted(key)
	}
	if !found {
		return md
	}
	kept := md.Copy()
	maps.DeleteFunc(kept, func(key string, _ []string) bool { return unwanted(key) })
	return kept
}

// MaxTrailerBytes bounds the markers in a trailer or in the details of a
// status. Many peers allow 8 KiB for all headers together and fail the whole
// call if there is more. In base64, which gRPC uses on the wire,
// MaxTrailerBytes is a third of that and leaves room for others.
const MaxTrailerBytes = 2 << 10

// Bounds of what is read from the network. A peer is not trusted: whatever
// exceeds them or makes no sense counts as dropped.
const (
	// maxMarkers bounds the markers of one report.
	maxMarkers = 500
	// maxEncoded bounds the bytes of a report in a trailer.
	maxEncoded = 64 << 10
)

// toTrailer returns a report as metadata.
func toTrailer(r Report) (metadata.MD, error) {
	encoded, err := proto.Marshal(capped(r, MaxTrailerBytes))
	if err != nil {
		return nil, fmt.Errorf("degrade: trailer: %w", err)
	}
	return metadata.Pairs(TrailerKey, string(encoded)), nil
}

// capped returns a report as a message of at most size bytes. To save room, it
// first merges the markers of single elements, then drops what is for operators,
// then the names of elements, then the least severe markers. Dropped markers are
// counted.
func capped(r Report, size int) *degradev1.Degradation {
	d := r.Proto()
	for _, shrunk := range []func(markers) markers{markers.collapsed, markers.stripped, markers.unnamed} {
		if proto.Size(d) <= size {
			return d
		}
		r.markers = shrunk(r.markers)
		d = r.Proto()
	}
	if proto.Size(d) <= size {
		return d
	}
	return worst(r, size)
}

// worst returns as many markers of a report as fit into size bytes, the worst
// first.
func worst(r Report, size int) *degradev1.Degradation {
	d := &degradev1.Degradation{Truncated: true}
	room := size - proto.Size(&degradev1.Degradation{Truncated: true, DroppedCount: 1<<32 - 1})
	dropped := r.dropped
	for _, m := range r.markers.bySeverity() {
		f := m.proto()
		// Its tag, its length and itself.
		need := proto.Size(&degradev1.Degradation{Fields: []*degradev1.FieldDegradation{f}})
		if need > room {
			dropped = plus(dropped, m.fields())
			continue
		}
		room -= need
		d.Fields = append(d.Fields, f)
	}
	d.DroppedCount = uint32(dropped) //nolint:gosec // in range
	return d
}

// fromMetadata reads a peer's report on a response of type md from its
// metadata. The last value counts: if a handler forwards the metadata of its
// own calls, its server's interceptor adds the true value after that.
func fromMetadata(header, trailer metadata.MD, md protoreflect.MessageDescriptor) Report {
	if encoded := trailer.Get(TrailerKey); len(encoded) > 0 {
		return fromTrailer(encoded[len(encoded)-1], md)
	}
	for _, from := range []metadata.MD{header, trailer} {
		if summary := from.Get(SummaryKey); len(summary) > 0 {
			return fromSummary(summary[len(summary)-1])
		}
	}
	return Report{}
}

// fromTrailer reads a report from a trailer. Malformed bytes still say that
// something is wrong with the response, but not with which field.
func fromTrailer(encoded string, md protoreflect.MessageDescriptor) Report {
	var d degradev1.Degradation
	if len(encoded) > maxEncoded || proto.Unmarshal([]byte(encoded), &d) != nil {
		return Report{known: true, truncated: true, dropped: 1}
	}
	return fromProto(&d, md)
}

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
	var found markers
	for _, f := range read {
		m, ok := markerOf(f, md)
		if !ok {
			r.dropped = plus(r.dropped, 1)
			continue
		}
		found = append(found, m)
	}
	r.markers = found.normal()
	r.truncated = d.GetTruncated() || r.dropped > 0
	return r
}
