package fieldpath_test

import (
	"strings"
	"testing"

	"github.com/afloat-go/afloat/interceptors/internal/fieldpath"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
)

var profileType = (*testv1.GetProfileResponse)(nil).ProtoReflect().Descriptor()

func TestCheckIn(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "name", "items", "items[*]", "items[*].price", "items[*].seller.items[*].name", "tags[*]",
		"offers", "offers[*]", `offers["any key"].price`, `ranks["-7"]`, `votes["18446744073709551615"]`,
		`flags["true"]`, `flags["false"]`, `shelves["0"]`, `heights["-9223372036854775808"]`,
		"parent.parent.parent.name", "email", "card.price", "degradation",
	} {
		if err := fieldpath.CheckIn(path, profileType); err != nil {
			t.Error(err)
		}
	}
	const message = "afloat.test.v1.GetProfileResponse"
	for path, want := range map[string]string{
		"title":                 message + ` has no field "title"`,
		"name.first":            `"name" of ` + message + ` has no field "first", it is no message`,
		"items.price":           `"items" of ` + message + ` has no field "price", its elements may: [*]`,
		"items[*].cost":         `"items[*]" of ` + message + ` has no field "cost"`,
		"name[*]":               `"name" of ` + message + ` has no [*], it is not repeated`,
		"items[*][*].name":      `"items[*]" of ` + message + ` has no [*].name, it is not repeated`,
		`items["a"]`:            `"items" of ` + message + ` has no ["a"], it is no map`,
		"tags[*].size":          `"tags[*]" of ` + message + ` has no field "size", it is no message`,
		`ranks["one"]`:          `"ranks" of ` + message + ` has no ["one"], its keys are int32`,
		`ranks["01"]`:           `"ranks" of ` + message + ` has no ["01"], its keys are int32`,
		`ranks["+1"]`:           `"ranks" of ` + message + ` has no ["+1"], its keys are int32`,
		`ranks["-0"]`:           `"ranks" of ` + message + ` has no ["-0"], its keys are int32`,
		`ranks["3000000000"]`:   `"ranks" of ` + message + ` has no ["3000000000"], its keys are int32`,
		`votes["-1"]`:           `"votes" of ` + message + ` has no ["-1"], its keys are uint64`,
		`votes["007"]`:          `"votes" of ` + message + ` has no ["007"], its keys are uint64`,
		`flags["1"]`:            `"flags" of ` + message + ` has no ["1"], its keys are bool`,
		`shelves["4294967296"]`: `"shelves" of ` + message + ` has no ["4294967296"], its keys are uint32`,
		`heights["1.5"]`:        `"heights" of ` + message + ` has no ["1.5"], its keys are sint64`,
		"Avatar":                message + ` has no field "Avatar", but "avatar"`,
		"items[*].Price_":       `"items[*]" of ` + message + ` has no field "Price_", but "price"`,
		"contact":               message + ` has no field "contact"`, // a oneof is no field
	} {
		if err := fieldpath.CheckIn(path, profileType); err == nil || !strings.HasSuffix(err.Error(), "; "+want) {
			t.Errorf("%q: error = %v\nwant %s", path, err, want)
		}
	}
	if err := fieldpath.CheckIn("a[", profileType); err == nil || !strings.Contains(err.Error(), "wrong at byte 1") {
		t.Errorf("malformed: %v", err)
	}
}
