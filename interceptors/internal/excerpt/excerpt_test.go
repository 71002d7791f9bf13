package excerpt_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/afloat-go/afloat/interceptors/internal/excerpt"
)

func TestOf(t *testing.T) {
	t.Parallel()
	fits := strings.Repeat("a", excerpt.MaxBytes)
	for _, text := range []string{"", "down", fits} {
		if got := excerpt.Of(text); got != text {
			t.Errorf("%d bytes became %q", len(text), got)
		}
	}
	if got := excerpt.Of(fits + "b"); got != fits+"… (1025 bytes)" {
		t.Errorf("one byte too many: %q", got)
	}
	for _, char := range []string{"ä", "日", "😀", "\x80"} {
		for before := range 4 {
			got := excerpt.Of(strings.Repeat("a", before) + strings.Repeat(char, 5<<20))
			if len(got) > excerpt.MaxBytes+32 || utf8.ValidString(char) && !utf8.ValidString(got) {
				t.Errorf("%q after %d bytes: %d bytes, valid %v", char, before, len(got), utf8.ValidString(got))
			}
		}
	}
}
