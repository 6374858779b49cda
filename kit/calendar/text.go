package calendar

import (
	"strings"
	"unicode/utf8"
)

// maxTextLength bounds the bytes of a date: ten characters, each of up to three bytes, and marks of direction.
const maxTextLength = 64

// ParseISO reads a Gregorian date of exactly the form "2026-03-21", in ASCII digits. Anything else, also a day that there is not, is
// refused with "value.date".
func ParseISO(text string) (Day, error) {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' {
		return 0, refusal()
	}
	return fromParts(Gregorian, text[:4], text[5:7], text[8:])
}

// Parse reads a date as a person types it: a year of four digits, then month and day of one or two, parted by "/", "-" or "." — or
// day, month and year parted by dots, as in "21.03.2026". Digits may be European, Arabic or Persian; white space around and marks of
// writing direction are ignored. Anything else, also a day that the calendar does not have, is refused with "value.date". Two-digit
// years are refused, because nobody knows their century, and so is "03/04/2026", because nobody knows which one is the month.
func Parse(c Calendar, text string) (Day, error) {
	if len(text) > maxTextLength {
		return 0, refusal()
	}
	plain := strings.TrimSpace(strings.Map(plainRune, text))
	at := strings.IndexAny(plain, "/-.")
	if at < 0 {
		return 0, refusal()
	}
	separator := plain[at : at+1]
	parts := strings.Split(plain, separator)
	if len(parts) != 3 {
		return 0, refusal()
	}
	if separator == "." && len(parts[2]) == 4 {
		parts[0], parts[2] = parts[2], parts[0]
	}
	return fromParts(c, parts[0], parts[1], parts[2])
}

// plainRune turns digits into ASCII ones and drops marks of direction.
func plainRune(r rune) rune {
	switch {
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	case r == '\u200e' || r == '\u200f' || r == '\u061c' || r >= '\u2066' && r <= '\u2069':
		return -1
	case r == '\u00a0':
		return ' '
	}
	return r
}

// fromParts finds the day of a year of four digits and a month and day of one or two.
func fromParts(c Calendar, year, month, day string) (Day, error) {
	if len(year) != 4 || len(month) > 2 || len(day) > 2 {
		return 0, refusal()
	}
	// A part that is no number is -1, which FromYMD refuses.
	return FromYMD(c, whole(year), whole(month), whole(day))
}

// whole reads a short number of ASCII digits, or gives -1.
func whole(text string) int {
	n := 0
	for i := range len(text) {
		digit := text[i] - '0'
		if text[i] >= utf8.RuneSelf || digit > 9 {
			return -1
		}
		n = n*10 + int(digit)
	}
	if text == "" {
		return -1
	}
	return n
}

// MarshalText writes the day as String does, for JSON and forms.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a day as ParseISO does.
func (d *Day) UnmarshalText(text []byte) error {
	parsed, err := ParseISO(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
