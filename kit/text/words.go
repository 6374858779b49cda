package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a text's tokens: MaxWords is how many Words gives at most, MaxWord how many characters of each.
const (
	MaxWords = 400
	MaxWord  = 64
)

// Words gives the search tokens of s in their order: the runs of letters, digits and their marks in Fold(s). Tokens are at most
// MaxWord characters (the rest of a longer one is left out) and at most MaxWords in number.
func Words(s string) []string {
	var words []string
	rest := Fold(s)
	for len(words) < MaxWords {
		start := strings.IndexFunc(rest, inWord)
		if start < 0 {
			break
		}
		rest = rest[start:]
		end := strings.IndexFunc(rest, outsideWord)
		if end < 0 {
			end = len(rest)
		}
		words = append(words, firstRunes(rest[:end], MaxWord))
		rest = rest[end:]
	}
	return words
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

func outsideWord(r rune) bool { return !inWord(r) }

// Length gives the length of s in characters: Unicode code points, as the database counts them.
func Length(s string) int { return utf8.RuneCountInString(s) }

// Truncate gives the beginning of s, at most n characters. A letter is never parted from its combining marks: when the cut would fall
// between them, the letter goes too. Less than one character gives the empty text.
func Truncate(s string, n int) string {
	cut := firstRunes(s, n)
	if len(cut) == len(s) {
		return s
	}
	next, _ := utf8.DecodeRuneInString(s[len(cut):])
	for joins(next) && cut != "" {
		last, size := utf8.DecodeLastRuneInString(cut)
		cut, next = cut[:len(cut)-size], last
	}
	return cut
}

// joins tells whether r belongs to the rune before it: a combining mark or the joiner of emoji.
func joins(r rune) bool { return unicode.IsMark(r) || r == 0x200D }

func firstRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}
