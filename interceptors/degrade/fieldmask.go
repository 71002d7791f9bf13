package degrade

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

// ToFieldMask returns the field mask for the paths. The error names all paths
// that a field mask cannot express: those with elements or keys, and that of
// the whole message.
func ToFieldMask(paths ...string) (*fieldmaskpb.FieldMask, error) {
	var faults []error
	for _, p := range paths {
		switch err := CheckPath(p); {
		case err != nil:
			faults = append(faults, err)
		case p == "" || strings.Contains(p, "["):
			faults = append(faults, fmt.Errorf("degrade: path = %q; a field mask can name fields only", p))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &fieldmaskpb.FieldMask{Paths: append([]string(nil), paths...)}, nil
}

// FromFieldMask returns the paths of a field mask. The error names all that are
// not valid paths.
func FromFieldMask(mask *fieldmaskpb.FieldMask) ([]string, error) {
	var faults []error
	for _, p := range mask.GetPaths() {
		if p == "" || strings.Contains(p, "[") {
			faults = append(faults, fmt.Errorf("degrade: field mask path = %q; must be names of fields joined by dots", p))
			continue
		}
		faults = append(faults, CheckPath(p))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return append([]string(nil), mask.GetPaths()...), nil
}
