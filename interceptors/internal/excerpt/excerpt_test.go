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

func TestWithin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "abc… (4 bytes)"},
		{"aöb", 2, "a… (4 bytes)"},
		{"aöb", 3, "aö… (4 bytes)"},
		{"日本", 1, "… (6 bytes)"},
		{"a", 0, "… (1 bytes)"},
	} {
		if got := excerpt.Within(tt.text, tt.most); got != tt.want {
			t.Errorf("Within(%q, %d) = %q; want %q", tt.text, tt.most, got, tt.want)
		}
	}
}
