package degrade

import (
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/internal/markerfield"
)

// CheckMessage returns an error if messages of type md have a field for markers
// that is not allowed: there may be at most one, at the top level, neither
// repeated nor in a oneof.
func CheckMessage(md protoreflect.MessageDescriptor) error { return markerfield.Check(md) }

// FromResponse returns the report in the response's field for markers. The
// report knows nothing if there is no such field or it is not set.
func FromResponse(response proto.Message) Report {
	if response == nil {
		return Report{}
	}
	return reading{}.response(response)
}

// overfull reports whether a response's field for markers has more than a report may
// have.
func overfull(response proto.Message) bool {
	d := markerfield.Get(response.ProtoReflect())
	if len(d.GetFields()) > maxMarkers {
		return true
	}
	detail := 0
	for _, f := range d.GetFields() {
		detail += proto.Size(f)
	}
	return detail > maxDetail
}

// SetResponse writes r into the response's field for markers and reports
// whether there is one. It changes nothing else in the response.
func SetResponse(response proto.Message, r Report) bool {
	return markerfield.Set(response.ProtoReflect(), r.Proto())
}

// Cleared returns m without its own markers: m itself if it has none, else a
// copy that shares the other fields. It is for a response that becomes part of
// another response, whose own markers cover it.
func Cleared[M proto.Message](m M) M {
	return markerfield.Cleared(m).(M) //nolint:errcheck,forcetypeassert // a copy has the type of what it is a copy of
}

// FromReply returns the report of a unary response from what a client of another framework,
// such as connect-go, has of it: the message, or nil, and the header and the trailer as
// net/http has them, or a metadata.MD. It knows nothing if neither says anything.
func FromReply(response proto.Message, header, trailer map[string][]string) Report {
	head, trail := ownKeys(header), ownKeys(trailer)
	if response == nil {
		return reading{}.beside(head, trail, nil)
	}
	return reading{}.reply(response, head, trail)
}

// ownKeys returns what is afloat's of a header or trailer, in lower case.
func ownKeys(from map[string][]string) metadata.MD {
	md := metadata.MD{}
	for key, values := range from {
		if isOwnKey(key) {
			md[strings.ToLower(key)] = values
		}
	}
	return md
}
