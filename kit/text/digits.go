package text

import (
	"strings"
	"unicode"
)

// Digits gives s with every decimal digit of any script as an ASCII digit (۱۲۳ and ١٢٣ become 123) and everything else as it is.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if d, ok := digit(r); ok {
			return '0' + d
		}
		return r
	}, s)
}

// ToPersianDigits gives s with ASCII and Arabic digits as Persian ones (123 becomes ۱۲۳) and everything else as it is.
func ToPersianDigits(s string) string { return toDigits(s, '۰') }

// ToArabicDigits gives s with ASCII and Persian digits as Arabic ones (123 becomes ١٢٣) and everything else as it is.
func ToArabicDigits(s string) string { return toDigits(s, '٠') }

func toDigits(s string, zero rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '0' <= r && r <= '9':
			return zero + r - '0'
		case '۰' <= r && r <= '۹':
			return zero + r - '۰'
		case '٠' <= r && r <= '٩':
			return zero + r - '٠'
		}
		return r
	}, s)
}

// digit gives the value of a decimal digit of any script. Unicode keeps the ten digits of a script together, zero first, so the value
// is the place in the range.
func digit(r rune) (rune, bool) {
	switch {
	case '0' <= r && r <= '9':
		return r - '0', true
	case '۰' <= r && r <= '۹':
		return r - '۰', true
	case '٠' <= r && r <= '٩':
		return r - '٠', true
	case r < firstArabic:
		return 0, false
	}
	return digitOfScript(r)
}

// digitOfScript looks r up in the ranges of decimal digits.
func digitOfScript(r rune) (rune, bool) {
	for _, span := range unicode.Nd.R16 {
		if rune(span.Lo) <= r && r <= rune(span.Hi) {
			return (r - rune(span.Lo)) % 10, true
		}
	}
	for _, span := range unicode.Nd.R32 {
		if rune(span.Lo) <= r && r <= rune(span.Hi) {
			return (r - rune(span.Lo)) % 10, true
		}
	}
	return 0, false
}
