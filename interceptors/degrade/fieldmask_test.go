package degrade_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

func TestFieldMaskBothWays(t *testing.T) {
	t.Parallel()
	paths := []string{"name", "parent.avatar", "items"}
	mask, err := degrade.ToFieldMask(paths...)
	if err != nil || !slices.Equal(mask.GetPaths(), paths) {
		t.Fatalf("mask = %v, error %v", mask, err)
	}
	back, err := degrade.FromFieldMask(mask)
	if err != nil || !slices.Equal(back, paths) {
		t.Fatalf("paths = %q, error %v", back, err)
	}
	mask.Paths[0] = "changed"
	back[1] = "changed"
	if paths[0] != "name" || mask.GetPaths()[1] != "parent.avatar" {
		t.Error("the mask and the paths share memory")
	}
	if mask, err := degrade.ToFieldMask(); err != nil || len(mask.GetPaths()) != 0 {
		t.Errorf("no paths: %v, %v", mask, err)
	}
	if paths, err := degrade.FromFieldMask(nil); err != nil || len(paths) != 0 {
		t.Errorf("no mask: %v, %v", paths, err)
	}
}

// All that cannot be said is reported at once.
func TestFieldMaskSaysLess(t *testing.T) {
	t.Parallel()
	given := []string{"name", "", "items[*]", `offers["a"]`, "a..b"}
	mask, err := degrade.ToFieldMask(given...)
	if mask != nil || err == nil || strings.Count(err.Error(), "degrade: ") != 4 {
		t.Errorf("mask = %v, error = %v", mask, err)
	}
	paths, err := degrade.FromFieldMask(&fieldmaskpb.FieldMask{Paths: given})
	if paths != nil || err == nil || strings.Count(err.Error(), "degrade: ") != 4 {
		t.Errorf("paths = %v, error = %v", paths, err)
	}
}
