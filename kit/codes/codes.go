// Package codes checks the identifiers that people type (national and company ids, bank accounts and cards, postal codes, e-mail
// addresses, web addresses) and gives each in one canonical form, so that equal identifiers are equal texts.
//
// Every check accepts what a person may type: digits of any script, letters of either case, spaces and dashes between groups, invisible
// direction marks. Every refusal is a fault.Invalid whose key names the kind of identifier ("value.iban"). A canonical form is accepted
// again and stays as it is. Checks are of form only: none says that the thing exists.
package codes

import (
	"strings"
	"unicode"

	"ashna/kit/fault"
	"ashna/kit/text"
)

// maxTyped is how many bytes of a typed code are looked at; no code is near it.
const maxTyped = 200

// compact gives a code in ASCII digits and upper-case ASCII letters, without spaces, dashes, dots, slashes and invisible characters.
// Other characters stay, for the check to refuse. A text too long to be a code gives the empty one.
func compact(s string) string {
	if len(s) > maxTyped {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), strings.ContainsRune("-‐‑–—_./", r):
			return -1
		}
		return r
	}, text.Digits(s))
}

func invalid(key string) error { return fault.New(fault.Invalid, key) }

// areDigits tells whether s is n ASCII digits.
func areDigits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// allSame tells whether s is one byte again and again.
func allSame(s string) bool { return s != "" && strings.Count(s, s[:1]) == len(s) }

// weighted gives the sum of the digits of s, each times its weight; s has at least as many digits as there are weights.
func weighted(s string, weights []int) int {
	sum := 0
	for i, w := range weights {
		sum += int(s[i]-'0') * w
	}
	return sum
}

// foreign gives the code of a country whose rules are not known here: one line of letters, digits, spaces and dashes as typed, with
// single spaces and in upper case, from lo to hi characters.
func foreign(s string, lo, hi int) (string, bool) {
	if len(s) > maxTyped {
		return "", false
	}
	line, err := text.CleanLine(text.Digits(strings.Map(withoutMarks, s)))
	if err != nil {
		return "", false
	}
	line = strings.ToUpper(line)
	if n := text.Length(line); n < lo || n > hi {
		return "", false
	}
	for _, r := range line {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune(" -./", r) {
			return "", false
		}
	}
	return line, strings.IndexFunc(line, unicode.IsNumber) >= 0 || strings.IndexFunc(line, unicode.IsLetter) >= 0
}
