package condition

import (
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"
)

// Metadata is what a header or a trailer has.
type Metadata struct {
	// Key is the key, in lower case. It must not end with "-bin", nor be gRPC's own.
	Key string
	// Values are those of which the key has one. At most [MaxValues]. None: any value.
	Values []string
}

// isSet reports whether the part is set, in whatever way.
func (m *Metadata) isSet() bool { return m.Key != "" || len(m.Values) > 0 }

// check notes what is wrong with the part.
func (m *Metadata) check(f *faults, part string) {
	if !m.isSet() {
		return
	}
	field := part + ".key"
	switch {
	case m.Key == "":
		f.add(field, "", "is missing; must be the key of a "+part+", as in x-backend-status")
	case !isKey(m.Key):
		f.add(field, quoted(m.Key), "must be of lower-case letters, digits, -, _ and .")
	case strings.HasSuffix(m.Key, "-bin"):
		f.add(field, quoted(m.Key), "must not end with -bin: its values are no text")
	case slices.Contains(own[:], m.Key):
		f.add(field, quoted(m.Key), "is gRPC's own, which no metadata has")
	}
	checkLength(f, field, m.Key, MaxPartBytes)
	checkValues(f, part+".values", m.Values)
}

// covers reports whether all metadata that meet other meet m.
func (m *Metadata) covers(other *Metadata) bool {
	return !m.isSet() || m.Key == other.Key && (len(m.Values) == 0 || len(other.Values) > 0 && contains(m.Values, other.Values))
}

// met reports whether metadata are as the part has it.
func (m *Metadata) met(md metadata.MD) bool {
	values := md.Get(m.Key)
	values = values[:min(len(values), MaxLookedAt)]
	if len(m.Values) == 0 {
		return len(values) > 0
	}
	for _, v := range values {
		if slices.Contains(m.Values, v) {
			return true
		}
	}
	return false
}

// own are the keys that gRPC keeps to itself, so that no metadata has them.
var own = [...]string{ //nolint:gochecknoglobals // never written
	"content-type", "user-agent", "te", "grpc-encoding", "grpc-message", "grpc-message-type", "grpc-status",
	"grpc-status-details-bin", "grpc-timeout",
}

// isKey reports whether all characters can be in the key of metadata.
func isKey(key string) bool {
	for _, r := range key {
		if fits := 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.'; !fits {
			return false
		}
	}
	return true
}
