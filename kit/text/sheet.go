package text

import (
	"strings"
	"unicode/utf8"
)

// formulaSigns begin a cell that some spreadsheet runs as a formula: with the full-width forms that East Asian ones take for them.
const formulaSigns = "=+-@\t\r\n\x00＝＋－＠"

// GuardCell gives a text as a cell of a file that spreadsheets open: a quote goes before what one would run as a formula. Signed numbers
// such as -12.5 and +994501234567 stay as they are. A text that looks guarded already gets one more quote, so that UnguardCell gives back
// every text exactly.
func GuardCell(s string) string {
	if !runs(s) || s[0] != '\'' && signed(s) {
		return s
	}
	return "'" + s
}

// UnguardCell takes off the quote that GuardCell put before a text; other texts stay as they are.
func UnguardCell(s string) string {
	if s != "" && s[0] == '\'' && runs(s) {
		return s[1:]
	}
	return s
}

// runs says whether a text begins with a sign of formulas, after any number of quotes.
func runs(s string) bool {
	if s == "" || s[0] > '@' && s[0] < utf8.RuneSelf {
		return false
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, "'"))
	return first != utf8.RuneError && strings.ContainsRune(formulaSigns, first)
}

// signed says whether a text is a sign and then digits with points between, which no spreadsheet runs.
func signed(s string) bool {
	if len(s) < 2 || s[0] != '+' && s[0] != '-' || s[1] < '0' || s[1] > '9' {
		return false
	}
	return strings.Trim(s[1:], "0123456789.") == ""
}
