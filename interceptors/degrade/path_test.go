package degrade_test

import (
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// The grammar of paths is tested in full where it is read.
func TestPaths(t *testing.T) {
	t.Parallel()
	path := degrade.Join(degrade.Key("offers", `a"b`), "price")
	if path != `offers["a\"b"].price` || degrade.Elements("items") != "items[*]" {
		t.Errorf("paths = %s, %s", path, degrade.Elements("items"))
	}
	if err := degrade.CheckField(path, profileType); err != nil {
		t.Error(err)
	}
	const unknown, malformed = "title", "a.."
	if err := degrade.CheckField(unknown, profileType); err == nil || !strings.HasPrefix(err.Error(), "degrade: path = ") {
		t.Errorf("a field that is not there: %v", err)
	}
	if degrade.CheckPath(unknown) != nil || degrade.CheckPath(malformed) == nil {
		t.Errorf("checks say %v, %v", degrade.CheckPath(unknown), degrade.CheckPath(malformed))
	}
	if degrade.CheckMessage(profileType) != nil {
		t.Error("the field for markers is not allowed")
	}
}
