package money

import (
	"strings"

	"ashna/kit/fault"
)

// MaxScale is the largest number of decimals that ParseDecimal and FormatDecimal know.
const MaxScale = 18

// MaxMinor bounds every scaled integer of this package: values lie in [-MaxMinor, MaxMinor]. The two numbers beyond it that an
// int64 could hold are left free for marks such as "no limit", and the negative of a value is always a value.
const MaxMinor = 1<<63 - 2

// maxTextLength bounds the bytes of a number; the longest honest one, with spaces between Persian digits, has about 60.
const maxTextLength = 128

// powers holds 10^0 to 10^18.
var powers = powersOfTen()

func powersOfTen() (p [MaxScale + 1]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}

// ParseDecimal reads an exact decimal number as an integer of units of 10^-scale: "12.5" with scale 2 is 1250.
//
// Digits may be European, Arabic or Persian. The decimal sign is "." or "٫". Thousands may be set apart, in groups of exactly three
// and with one sign throughout, by ",", "٬", "_" or a space (ordinary, no-break or narrow). A minus ("-" or "−") or plus may stand in
// front. White space around the number and marks of writing direction are ignored.
//
// Refusals are Invalid faults: "value.number" for what is no such number; "value.decimals" with the operand "max" when there are more
// decimals than scale, trailing zeros included, because who types 1.500 may mean a thousand and a half; "value.range" when the
// result is not within MaxMinor. A scale outside 0 to MaxScale counts as the nearer of the two.
func ParseDecimal(text string, scale int) (int64, error) {
	scale = clampScale(scale)
	n, ok := readNumber(text)
	if !ok {
		return 0, fault.New(fault.Invalid, "value.number")
	}
	return n.units(scale)
}

// units gives the number as an integer of units of 10^-scale, or a refusal of ParseDecimal.
func (n number) units(scale int) (int64, error) {
	if len(n.fraction) > scale {
		return 0, fault.New(fault.Invalid, "value.decimals", "max", scale)
	}
	var value uint64
	for _, part := range []string{n.whole, n.fraction, zeros[:scale-len(n.fraction)]} {
		for _, digit := range []byte(part) {
			if value > (MaxMinor-uint64(digit-'0'))/10 {
				return 0, outOfRange()
			}
			value = value*10 + uint64(digit-'0')
		}
	}
	if n.negative {
		return -int64(value), nil
	}
	return int64(value), nil
}

const zeros = "000000000000000000"

// FormatDecimal writes an integer of units of 10^-scale as ASCII digits with exactly scale decimals and a point, without
// thousands signs: 1250 with scale 2 is "12.50". ParseDecimal reads it back. It takes every int64; a scale outside 0 to MaxScale
// counts as the nearer of the two.
func FormatDecimal(value int64, scale int) string {
	scale = clampScale(scale)
	var out [24]byte
	at := len(out)
	rest := magnitude(value)
	for i := 0; i <= scale || rest > 0; i++ {
		if i == scale && scale > 0 {
			at--
			out[at] = '.'
		}
		at--
		out[at] = byte('0' + rest%10)
		rest /= 10
	}
	if value < 0 {
		at--
		out[at] = '-'
	}
	return string(out[at:])
}

func clampScale(scale int) int { return min(max(scale, 0), MaxScale) }

func outOfRange() error { return fault.New(fault.Invalid, "value.range") }

// magnitude is the value without its sign; it is right also for math.MinInt64, whose negative is itself.
func magnitude(value int64) uint64 {
	if value < 0 {
		return -uint64(value)
	}
	return uint64(value)
}

// number is a decimal number taken apart: ASCII digits without separators. A whole part may be empty, as in ".5".
type number struct {
	negative        bool
	whole, fraction string
}

// readNumber takes a number apart, and says whether it is one.
func readNumber(text string) (n number, ok bool) {
	if len(text) > maxTextLength {
		return n, false
	}
	plain := strings.TrimSpace(strings.Map(plainRune, text))
	switch {
	case strings.HasPrefix(plain, "-"):
		n.negative, plain = true, plain[1:]
	case strings.HasPrefix(plain, "+"):
		plain = plain[1:]
	}
	whole, fraction, pointed := strings.Cut(plain, ".")
	if pointed && !onlyDigits(fraction) || whole == "" && !pointed {
		return n, false
	}
	n.fraction = fraction
	if whole == "" {
		return n, true
	}
	n.whole, ok = ungroup(whole)
	return n, ok
}

// plainRune turns the spellings of a sign, digit or separator into the ASCII one, and drops marks of direction.
func plainRune(r rune) rune {
	switch {
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	}
	switch r {
	case '٫':
		return '.'
	case '٬':
		return ','
	case '−':
		return '-'
	case '\u00a0', '\u2009', '\u202f': // no-break, thin and narrow no-break space
		return ' '
	case '\u200e', '\u200f', '\u061c', '\u2066', '\u2067', '\u2068', '\u2069':
		return -1
	}
	return r
}

// ungroup drops the thousands signs of a whole number. It says no when they are mixed or not three digits apart.
func ungroup(whole string) (string, bool) {
	at := strings.IndexAny(whole, ",_ ")
	if at < 0 {
		return whole, onlyDigits(whole)
	}
	groups := strings.Split(whole, whole[at:at+1])
	for i, group := range groups {
		if !onlyDigits(group) || len(group) > 3 || i > 0 && len(group) != 3 {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

// onlyDigits says that a text is one ASCII digit or more, and nothing else.
func onlyDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
