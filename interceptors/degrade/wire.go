package degrade

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
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

// Summary returns the report in the short form of [SummaryKey]. It is "0" for a
// complete response, and empty if nothing is known.
func (r Report) Summary() string {
	if !r.known {
		return ""
	}
	var counts [Partial + 1]int
	for _, m := range r.markers {
		counts[m.State]++
	}
	var b strings.Builder
	b.WriteString(strconv.Itoa(plus(len(r.markers), r.unmarked())))
	for _, s := range []State{Unknown, Missing, Stale, Defaulted, Substituted, Partial} {
		if counts[s] > 0 {
			fmt.Fprintf(&b, "; %v=%d", s, counts[s])
		}
	}
	return b.String()
}

// trailer is the report as metadata, in at most size bytes.
func (r Report) trailer(size int) (metadata.MD, error) {
	encoded, err := proto.Marshal(r.capped(size))
	if err != nil {
		return nil, fmt.Errorf("degrade: trailer: %w", err)
	}
	return metadata.Pairs(TrailerKey, string(encoded)), nil
}

// fromMetadata reads a peer's report on a response of type md from its
// metadata. The last value counts: if a handler forwards the metadata of its
// own calls, its server's interceptor adds the true value after that.
func fromMetadata(header, trailer metadata.MD, md protoreflect.MessageDescriptor) Report {
	if encoded := trailer.Get(TrailerKey); len(encoded) > 0 {
		return unmarshal(encoded[len(encoded)-1], md)
	}
	for _, from := range []metadata.MD{header, trailer} {
		if summary := from.Get(SummaryKey); len(summary) > 0 {
			return fromSummary(summary[len(summary)-1])
		}
	}
	return Report{}
}

// fromSummary is what remains if something on the way dropped the markers
// themselves.
func fromSummary(summary string) Report {
	total, _, _ := strings.Cut(summary, ";")
	n, err := strconv.ParseUint(strings.TrimSpace(total), 10, 31)
	if err == nil && n == 0 {
		return NewReport()
	}
	return Report{known: true, truncated: true, dropped: int(max(n, 1))}
}
