package text

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"ashna/kit/fault"
)

// Clean gives typed text as it is stored: in NFC, every kind of line end as \n, and without control characters other than \n and \t.
// Nothing else changes: letters, half-spaces and spaces stay as typed. A text with a NUL or with bytes that are not UTF-8 (unpaired
// surrogates are such) is refused with an Invalid fault "value.text_invalid". Clean(Clean(s)) == Clean(s).
func Clean(s string) (string, error) {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return "", fault.New(fault.Invalid, "value.text_invalid")
	}
	if strings.IndexFunc(s, unclean) >= 0 {
		s = strings.Map(cleanRune, strings.ReplaceAll(s, "\r\n", "\n"))
	}
	return norm.NFC.String(s), nil
}

// CleanLine is Clean for a text of one line: line ends, tabs and runs of spaces become one space, and the ends are trimmed. Spaces of
// other widths (no-break, thin, ideographic) count as spaces; the half-space stays.
func CleanLine(s string) (string, error) {
	s, err := Clean(s)
	if err != nil {
		return "", err
	}
	return strings.Join(strings.Fields(s), " "), nil
}

func unclean(r rune) bool { return cleanRune(r) != r }

func cleanRune(r rune) rune {
	switch {
	case r == '\r', r == 0x85, r == 0x2028, r == 0x2029:
		return '\n'
	case r == '\n', r == '\t':
		return r
	case r < ' ', 0x7f <= r && r < 0xA0:
		return -1
	}
	return r
}
