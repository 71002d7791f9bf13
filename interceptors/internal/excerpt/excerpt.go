// Package excerpt shortens texts that others wrote before they become part of ours: the
// text of an error may be as long as a peer likes.
package excerpt

import (
	"fmt"
	"unicode/utf8"
)

// MaxBytes is how much of a text is kept. That is more than people read.
const MaxBytes = 1 << 10

// Of returns the text, or at most its first MaxBytes and how long it is, as in
// "… (5242880 bytes)". No character is cut in two.
func Of(text string) string { return Within(text, MaxBytes) }

// Within does what Of does, with at most the first most bytes.
func Within(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most
	for end > 0 && end > most-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes)", text[:end], len(text))
}
