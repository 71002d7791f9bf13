package degrade

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// The gRPC metadata keys and values of reports.
const (
	// TrailerKey holds a serialised Degradation in base64 (RFC 4648, unpadded), for
	// responses that have no field for one, and for streams. It is text, so that it
	// survives where metadata becomes headers of HTTP/1 as it is, as in grpc-gateway.
	TrailerKey = "afloat-degradation"
	// SummaryKey says in ASCII how many fields are degraded, as in "2; missing=1;
	// stale=1", for readers of headers such as proxies and logs. "0" says that the
	// response is complete.
	SummaryKey = "afloat-degraded"
	// RequireKey with the value [RequireAll] in a request asks for a complete
	// response or none, with "fields=" and a list of paths, with commas between, for one
	// in which these fields are not degraded.
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
// call if there is more. In base64, in which both are sent, MaxTrailerBytes is a
// third of that and leaves room for others.
const MaxTrailerBytes = 2 << 10

// maxEncoded bounds the bytes of a report in a trailer, before base64, or in the details
// of a status that is read.
const maxEncoded = 64 << 10

// toTrailer returns a report as metadata.
func toTrailer(r Report) (metadata.MD, error) {
	encoded, err := proto.Marshal(capped(r, MaxTrailerBytes))
	if err != nil {
		return nil, fmt.Errorf("degrade: trailer: %w", err)
	}
	return metadata.Pairs(TrailerKey, base64.RawStdEncoding.EncodeToString(encoded)), nil
}

// capped returns a report as a message of at most size bytes. To save room, it
// first merges the markers of single elements, then drops what is for operators,
// then the names of elements, then the least severe markers. Dropped markers are
// counted.
func capped(r Report, size int) *degradev1.Degradation {
	if r.fits(size, full) {
		return r.Proto()
	}
	r.markers = r.markers.collapsed()
	switch {
	case r.fits(size, full):
	case r.fits(size, unsourced):
		r.markers = r.markers.stripped()
	case r.fits(size, anonymous):
		r.markers = r.markers.stripped().unnamed()
	default:
		return worst(r, size)
	}
	return r.Proto()
}

// worst returns as many markers of a report as fit into size bytes without their details,
// the worst first.
func worst(r Report, size int) *degradev1.Degradation {
	d := &degradev1.Degradation{Truncated: true}
	room := encodedSize(size) - head(true, math.MaxUint32)
	dropped := r.dropped
	for severity := severities - 1; severity >= 0; severity-- {
		for i := range r.markers {
			m := &r.markers[i]
			if m.State.severity() != severity {
				continue
			}
			var need encodedSize
			if need.marker(m, anonymous); need > room {
				dropped = plus(dropped, m.fields())
				continue
			}
			room -= need
			d.Fields = append(d.Fields, m.bare().proto())
		}
	}
	d.DroppedCount = uint32(dropped) //nolint:gosec // in range
	return d
}

// Numbers of fields in the .proto file.
const (
	markersNumber  = 1 // of Degradation
	elementsNumber = 6 // of FieldDegradation
)

// trimmed returns a serialised report without the markers beyond the bound, and how many
// fields those are about. So they are counted and never built: a marker of two bytes takes
// a hundred once it is read. What is malformed is left for others to notice.
func trimmed(b []byte) (kept []byte, beyond int) {
	markers, read := 0, 0
	for read < len(b) {
		number, kind, size := protowire.ConsumeField(b[read:])
		if size < 0 {
			return b, 0
		}
		record := b[read : read+size]
		read += size
		if number == markersNumber && kind == protowire.BytesType {
			if markers++; markers > maxMarkers {
				beyond = plus(beyond, encodedFields(record))
				continue
			}
		}
		if markers <= maxMarkers {
			kept = b[:read:read] // shared, and copied by the first append
		} else {
			kept = append(kept, record...)
		}
	}
	return kept, beyond
}

// encodedFields returns how many fields a serialised marker is about.
func encodedFields(record []byte) int {
	_, _, tag := protowire.ConsumeTag(record)
	b, _ := protowire.ConsumeBytes(record[tag:])
	fields := 1
	for len(b) > 0 {
		number, kind, size := protowire.ConsumeField(b)
		if size < 0 {
			break
		}
		if number == elementsNumber && kind == protowire.VarintType {
			_, _, tag = protowire.ConsumeTag(b)
			n, _ := protowire.ConsumeVarint(b[tag:])
			fields = max(1, countOf(uint32(n))) //nolint:gosec // as protobuf reads it
		}
		b = b[size:]
	}
	return fields
}
