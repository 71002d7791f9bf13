package fanout_test

import (
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/fanout"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// No source is for the field with the markers, which the plan itself fills, nor for what
// is within it or in a nested one.
func TestNoSourceForTheMarkers(t *testing.T) {
	t.Parallel()
	const fault = "must not be the field for markers, afloat.test.v1.GetProfileResponse.degradation"
	set := func(r response, d *degradev1.Degradation) { r.Degradation = d }
	list := func(r response, d []*degradev1.FieldDegradation) { r.Degradation.Fields = d }
	for _, path := range []string{"degradation", "parent.degradation"} {
		for name, s := range map[string]source{
			"optional": fanout.Optional(path, gives(&degradev1.Degradation{}), set),
			"required": fanout.Required(path, gives(&degradev1.Degradation{}), set),
			"within":   fanout.Optional(path+".fields", gives([]*degradev1.FieldDegradation{}), list),
		} {
			_, err := fanout.NewPlan("GetProfile", s, fanout.Optional("name", gives("n"), setName))
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s for %s: %v; want %q", name, path, err, fault)
			}
		}
	}
	if _, err := fanout.NewPlan("GetProfile", fanout.Optional("name", gives("n"), setName)); err != nil {
		t.Errorf("for another field: %v", err)
	}
}
