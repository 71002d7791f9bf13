package strictyaml

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Nearest returns the name that was probably meant by text, empty if none was.
func Nearest(text string, names []string) string {
	best, least := "", len(text)/3+2
	for _, name := range names {
		if max(len(text)-len(name), len(name)-len(text)) >= least {
			continue // so many letters must be put in or taken out
		}
		if d := distance(text, name); d < least && d < len(name) {
			best, least = name, d
		}
	}
	return best
}

// distance returns how many letters must be put in, taken out or changed to make b of a,
// by Levenshtein.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a) // nobody types that
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// unknown tells which fields there are, or which one was meant.
func unknown(md protoreflect.MessageDescriptor, name string) string {
	names := make([]string, md.Fields().Len())
	for i := range names {
		names[i] = string(md.Fields().Get(i).Name())
	}
	return Unknown(name, names)
}

// Unknown tells of a name that is no field which fields there are, or which one was
// meant.
func Unknown(name string, names []string) string {
	if near := Nearest(name, names); near != "" {
		return fmt.Sprintf("is no field here; did you mean %s?", near)
	}
	if len(names) == 0 {
		return "is no field here; there are none"
	}
	return "is no field here; there are: " + strings.Join(slices.Sorted(slices.Values(names)), ", ")
}
