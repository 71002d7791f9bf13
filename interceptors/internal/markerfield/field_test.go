package markerfield_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/internal/markerfield"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		message protoreflect.ProtoMessage
		has     bool
		fault   string
	}{
		{(*testv1.GetProfileResponse)(nil), true, ""},
		{(*testv1.GetPageResponse)(nil), true, ""}, // optional is no oneof to the reader
		{(*testv1.GetPlainResponse)(nil), false, ""},
		{(*testv1.RepeatedMarkers)(nil), false, "field afloat.test.v1.RepeatedMarkers.parts is repeated"},
		{(*testv1.MappedMarkers)(nil), false, "field afloat.test.v1.MappedMarkers.parts is a map"},
		{(*testv1.OneofMarkers)(nil), false, "field afloat.test.v1.OneofMarkers.degradation is in a oneof"},
		{(*testv1.TwoMarkers)(nil), false, "field afloat.test.v1.TwoMarkers.second is a second one"},
	} {
		md := tt.message.ProtoReflect().Descriptor()
		for range 2 { // looked up, then remembered
			if got := markerfield.In(md); got != tt.has {
				t.Errorf("%s: In = %v", md.Name(), got)
			}
		}
		switch err := markerfield.Check(md); {
		case tt.fault == "" && err != nil:
			t.Error(err)
		case tt.fault != "" && (err == nil || !strings.HasPrefix(err.Error(), "degrade: "+tt.fault+"; must be ")):
			t.Errorf("%s: error = %v; want %s", md.Name(), err, tt.fault)
		}
	}
}
