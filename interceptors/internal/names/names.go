// Package names checks names that calls are matched by, and makes names that others made
// up fit to be shown.
package names

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What [Check] and [CheckLabel] take.
const (
	Allowed      = "printable ASCII without spaces"
	LabelAllowed = "printable ASCII, with spaces only within"
)

// Check returns an error if s has a character that is not printable ASCII, or a space. It
// says which is the first, where it is, and what it looks like: a name with a letter of
// another alphabet never matches, and nobody sees why.
func Check(s string) error { return check(s, false) }

// CheckLabel does what Check does, for a name that may be of several words: spaces may
// stand within it, but not at its ends, where nobody sees them.
func CheckLabel(s string) error { return check(s, true) }

// check does what Check and CheckLabel do.
func check(s string, label bool) error {
	n := 0
	for i, r := range s {
		n++
		within := label && r == ' ' && 0 < i && i < len(s)-1
		if (r <= ' ' || r > '~') && !within {
			_, size := utf8.DecodeRuneInString(s[i:])
			return fmt.Errorf("character %d is %s", n, described(r, s[i:i+size]))
		}
	}
	return nil
}

// described names a character that is not allowed.
func described(r rune, written string) string {
	ascii := lookAlike(r)
	switch {
	case r == utf8.RuneError && len(written) == 1:
		return fmt.Sprintf("the byte 0x%02X, which is not UTF-8", written[0])
	case ascii != 0:
		return fmt.Sprintf("%q (%U), which looks like %q", r, r, ascii)
	case r == ' ':
		return "a space"
	case unicode.IsSpace(r):
		return fmt.Sprintf("%U, which is a space or ends a line", r)
	case unicode.Is(unicode.Bidi_Control, r):
		return fmt.Sprintf("%U, which changes the direction of text", r)
	case unicode.IsControl(r):
		return fmt.Sprintf("%U, which is a control character", r)
	case unicode.In(r, unicode.Mn, unicode.Me):
		return fmt.Sprintf("%U, which changes the character before it", r)
	case !unicode.IsPrint(r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		return fmt.Sprintf("%U, which cannot be seen", r)
	default:
		return fmt.Sprintf("%q (%U), which is not ASCII", r, r)
	}
}

// looks has letters and signs of other alphabets, each before what it looks like.
const looks = "аaеeоoрpсcуyхxіiјjѕsԁdһhԛqԝwҽeӏlкkмmтtвbнhгrпnАAВBЕEЅSІIЈJКKМMНHОOРPСCТTХXУYҮYԌGԛqԜWӀI" +
	"αaβbγyεeιiκkνvοoρpτtυuχxωwΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXϹCϲcϳjɡgɑaıiℓlⅼlⅰiⅴvⅽcⅾdⅿm" +
	"օoսuհhոnցgՏSԼLօoᴠvᴡwᴢzꞁlſf‐-‑-‒-–-—-−-﹣-․.。.∕/⁄/⧸/∗*﹡*٭*‚,ː:∶:；;׃:"

// lookAlike returns the ASCII character that r is easily taken for, 0 if there is none.
func lookAlike(r rune) rune {
	if full := r - '！' + '!'; '！' <= r && r <= '～' {
		return full
	}
	if r <= '~' {
		return 0
	}
	_, after, _ := strings.Cut(looks, string(r))
	ascii, _ := utf8.DecodeRuneInString(after)
	if after == "" {
		return 0
	}
	return ascii
}

// Shown returns s as one line that shows all that is in it: what cannot be seen, breaks
// lines or drives a terminal is escaped as in Go, as in `\n` and `\u202e`. It does not
// allocate if there is nothing to escape.
func Shown(s string) string {
	if isPlain(s) {
		return s
	}
	for i, r := range s {
		if !seen(r, s[i:]) {
			return escaped(s)
		}
	}
	return s
}

// isPlain reports whether all of s is printable ASCII, as most names are.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// escaped does what Shown does.
func escaped(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case seen(r, s[i:]):
			b.WriteRune(r)
		case broken(r, s[i:]):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

// seen reports whether r, with which rest begins, shows as itself.
func seen(r rune, rest string) bool {
	return ' ' <= r && r <= '~' ||
		r > '~' && unicode.IsPrint(r) && !broken(r, rest) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}

// broken reports whether r stands for a byte that is not UTF-8.
func broken(r rune, rest string) bool {
	_, size := utf8.DecodeRuneInString(rest)
	return r == utf8.RuneError && size <= 1
}

// Drives reports whether r breaks a line, drives a terminal or changes the direction of
// text, and is not only shown.
func Drives(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp)
}
