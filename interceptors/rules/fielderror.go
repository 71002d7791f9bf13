package rules

import "fmt"

// FieldError says what is wrong with one field of the configuration of a policy. New of a
// [Template] may return one, or wrap or join several; then a rules file is refused with
// the line and column of each.
type FieldError struct {
	// Field is the field's name in a file, as in "max_wait".
	Field string
	// Value is what the field has.
	Value any
	// Allowed is what the field may have, as in "in [1, 100]".
	Allowed string
}

// Error returns "field = value; must be allowed".
func (e *FieldError) Error() string {
	return fmt.Sprintf("%s = %v; must be %s", e.Field, e.Value, e.Allowed)
}
