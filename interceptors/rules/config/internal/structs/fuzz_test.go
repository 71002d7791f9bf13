package structs_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/afloat-go/afloat/interceptors/rules/config/internal/structs"
)

// FuzzStruct reads anything as the configuration of a custom policy: what is read without
// a fault, and written again, is read as the same.
func FuzzStruct(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"calls": 100, "per": "1m"}`, `{"calls": 1e300, "per": "-292y"}`, `{"calls": 1.5, "small": 999, "per": "9999999999h"}`,
		`{"names": ["a", 1, null], "by": {"x": {"calls": -1}}}`, `{"on": "true", "share": 0.1}`, `{"share": "NaN"}`, `{"nope": 1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := new(structpb.Struct)
		if protojson.Unmarshal(text, s) != nil {
			return
		}
		var first, second fuzzed
		if faults := structs.Decode(s, "config", &first); len(faults) > 0 {
			for _, x := range faults {
				if len(x.Path) < len("config") || x.Problem == "" {
					t.Errorf("%+v", x)
				}
			}
			return
		}
		written := structs.Encode(first)
		if faults := structs.Decode(written, "config", &second); len(faults) > 0 {
			t.Fatalf("%v cannot be read again: %v", written, faults)
		}
		if again := structs.Encode(second); !proto.Equal(written, again) {
			t.Fatalf("%v; want %v", again, written)
		}
	})
}

// fuzzed is a configuration of all that one may have.
type fuzzed struct {
	Calls int               `json:"calls,omitempty"`
	Small int8              `json:"small,omitempty"`
	Share float64           `json:"share,omitempty"`
	On    bool              `json:"on,omitempty"`
	Per   time.Duration     `json:"per,omitempty"`
	Names []string          `json:"names,omitempty"`
	By    map[string]fuzzed `json:"by,omitempty"`
}
