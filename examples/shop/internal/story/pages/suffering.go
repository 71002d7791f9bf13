package pages

import (
	"slices"

	"github.com/afloat-go/afloat/interceptors/degrade"
)

// suffering is what pages say in a phase of the one part that suffers. Without a
// part they say nothing.
type suffering struct {
	part string
	// as is what the part may be.
	as []degrade.State
	// why is what may be said to be the reason.
	why []degrade.Reason
	// always: it is so on every page. Otherwise a page may have the part as it should
	// be.
	always bool
}

// onEveryPage lets no page have the part as it should be.
func onEveryPage(part string, as degrade.State) suffering {
	return suffering{part: part, as: []degrade.State{as}, always: true}
}

// onMostPages lets some pages have the part all the same.
func onMostPages(part string, as degrade.State) suffering {
	return suffering{part: part, as: []degrade.State{as}}
}

// allows reports whether a page may say this of a part.
func (s suffering) allows(part string, m degrade.Marker) bool {
	if m.State == degrade.Intact {
		return part != s.part || !s.always
	}
	return part == s.part && slices.Contains(s.as, m.State) && slices.Contains(s.why, m.Reason)
}
