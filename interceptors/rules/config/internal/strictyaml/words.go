package strictyaml

import (
	"fmt"
	"strings"
)

// wording is what stands for a complaint of the parser, whose words are for those who
// write parsers.
type wording struct {
	// theirs is a part of the complaint.
	theirs string
	ours   string
	// begin: what is wrong is where the thing begins that the parser was at, and not
	// where it noticed.
	begin bool
}

//nolint:gochecknoglobals // constants
var wordings = []wording{
	{theirs: "exceeded max depth", ours: fmt.Sprintf("the document is nested more than %d deep", MaxDepth)},
	{theirs: "found incompatible YAML document", ours: "the version of YAML must be left out, or be 1.1"},
	{
		theirs: "did not find expected key",
		ours:   "a field must begin here; look at the indentation, and at quotes and brackets",
	},
	{
		theirs: "did not find expected '-' indicator",
		ours:   "an element of the list must begin here, with -; look at the indentation",
	},
	{
		theirs: "mapping values are not allowed in this context",
		ours:   `there must be no colon here; look at the indentation, and put text with a colon in quotes`,
	},
	{
		theirs: "could not find expected ':'",
		ours:   "the name of a field must have a colon and a space after it", begin: true,
	},
	{
		theirs: "block sequence entries are not allowed in this context",
		ours:   "an element of a list must begin on a line of its own; look at the indentation",
	},
	{theirs: "found unexpected end of stream", ours: "the quote that begins here must be closed", begin: true},
	{theirs: "did not find expected ',' or '}'", ours: "a comma or } must stand here; are all brackets closed?"},
	{theirs: "did not find expected ',' or ']'", ours: "a comma or ] must stand here; are all brackets closed?"},
	{theirs: "did not find expected node content", ours: "a value must stand here; are all brackets closed?"},
	{theirs: "found character that cannot start any token", ours: "text that begins with this character must be in quotes"},
	{theirs: "found a comment without preceding whitespace", ours: "a comment must have a space before it; text with # must be in quotes"},
	{theirs: "found unknown escape character", ours: `in double quotes \ must be written twice, as in "\\"`},
	{theirs: "found invalid Unicode character escape code", ours: "this is no character; write the character itself"},
}

// wordingOf finds what stands for a complaint.
func wordingOf(complaint string) (w wording, ok bool) {
	for _, w := range wordings {
		if strings.Contains(complaint, w.theirs) {
			return w, true
		}
	}
	return wording{}, false
}
