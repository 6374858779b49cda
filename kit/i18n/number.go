package i18n

import (
	"strings"

	"ashna/kit/fault"
	"ashna/kit/money"
)

// maxScale is the largest number of decimals that formatting accepts; more would not fit an int64.
const maxScale = 18

// Number writes a whole number with thousands separators and the digits of the locale. In Persian a minus stands before the digits
// inside a left-to-right isolate.
func (p *Printer) Number(n int64) string { return p.Decimal(n, 0) }

// Decimal writes v × 10^-scale with exactly scale decimals: Decimal(123456, 2) is "1,234.56". A scale outside 0–18 counts as the nearest
// of them.
func (p *Printer) Decimal(v int64, scale int) string {
	return p.signed(v < 0, p.unsigned(v, scale))
}

// Percent writes v × 10^-scale as a percentage: Percent(125, 1) is "12.5%". Zeros at the end of the decimals are left out.
func (p *Printer) Percent(v int64, scale int) string {
	v, scale = trimZeros(v, clampScale(scale), 0)
	return p.signed(v < 0, p.unsigned(v, scale)+p.marks.percent)
}

// Compact writes v × 10^-scale in three or four figures with the word of its size: "12.3K", «۱۲٫۳ هزار», "12,3 min". It rounds half away
// from zero. Below a thousand the number stands whole with at most two decimals.
func (p *Printer) Compact(v int64, scale int) string {
	text, ok := p.compact(v, clampScale(scale))
	if !ok {
		text = p.unsigned(shorten(v, clampScale(scale)))
	}
	return p.signed(v < 0, text)
}

// FileSize writes a size in bytes in the largest unit that fits, with one decimal at most. A unit is 1,024 of the one before; a
// negative size counts as none.
func (p *Printer) FileSize(bytes int64) string {
	units := [...]string{"kb", "mb", "gb", "tb"}
	bytes = max(bytes, 0)
	if bytes < 1024 {
		return p.fill("format.size.b", p.unsigned(bytes, 0))
	}
	step, unit := int64(1024), 0
	for unit < len(units)-1 && (roundTenths(bytes, step) >= 10240) {
		step, unit = step*1024, unit+1
	}
	v, scale := trimZeros(roundTenths(bytes, step), 1, 0)
	return p.fill("format.size."+units[unit], p.unsigned(v, scale))
}

// roundTenths gives n ÷ step in tenths, rounded half up. n is not negative.
func roundTenths(n, step int64) int64 {
	rest := n % step
	// The rest is below 2^40, so ten times of it fits.
	return n/step*10 + (rest*10+step/2)/step
}

// compact writes the size of v × 10^-scale with the word of its magnitude; below a thousand it gives false.
func (p *Printer) compact(v int64, scale int) (string, bool) {
	words := [...]string{"thousand", "million", "billion", "trillion"}
	size, word := magnitude(v), -1
	for i := range words {
		if exponent := 3*(i+1) + scale; exponent <= maxScale && size >= pow10(exponent) {
			word = i
		}
	}
	if word < 0 && !reachesThousand(size, scale) {
		return "", false
	}
	word = max(word, 0)
	tenths := roundAt(size, 3*(word+1)+scale-1)
	if tenths >= 10_000 && word < len(words)-1 {
		word, tenths = word+1, 10 // 999.96 thousand is shown as one million
	}
	n, decimals := trimZeros(int64(tenths), 1, 0)
	return p.fill("format.number."+words[word], p.unsigned(n, decimals)), true
}

// reachesThousand says whether size × 10^-scale, shown with two decimals at most, is a thousand or more.
func reachesThousand(size uint64, scale int) bool {
	return roundAt(size, max(scale-2, 0)) >= pow10(3+min(scale, 2))
}

// shorten leaves at most two decimals and no zeros at their end.
func shorten(v int64, scale int) (int64, int) {
	if scale > 2 {
		sign := int64(1)
		if v < 0 {
			sign = -1
		}
		v, scale = sign*int64(roundAt(magnitude(v), scale-2)), 2
	}
	return trimZeros(v, scale, 0)
}

// roundAt gives size ÷ 10^exponent, rounded half up.
func roundAt(size uint64, exponent int) uint64 {
	switch {
	case exponent <= 0:
		return size
	case exponent > 19:
		return 0 // no size is half of 10^20
	}
	step := pow10(exponent)
	quotient, rest := size/step, size%step
	if rest >= step-rest {
		quotient++
	}
	return quotient
}

// pow10 gives 10^n for n up to 19, the largest that fits.
func pow10(n int) uint64 {
	v := uint64(1)
	for range min(n, 19) {
		v *= 10
	}
	return v
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// trimZeros takes zeros off the end of the decimals until only keep are left.
func trimZeros(v int64, scale, keep int) (int64, int) {
	for scale > keep && v%10 == 0 {
		v, scale = v/10, scale-1
	}
	return v, scale
}

func clampScale(scale int) int { return min(max(scale, 0), maxScale) }

// unsigned writes the size of v × 10^-scale with separators, in the digits of the locale.
func (p *Printer) unsigned(v int64, scale int) string {
	text := strings.TrimPrefix(money.FormatDecimal(v, clampScale(scale)), "-")
	whole, decimals, fraction := strings.Cut(text, ".")
	var out strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out.WriteString(p.marks.group)
		}
		out.WriteRune(digit)
	}
	if fraction {
		out.WriteString(p.marks.point + decimals)
	}
	return p.locale.digits(out.String())
}

// signed puts the minus of the language in front of a formatted size.
func (p *Printer) signed(negative bool, text string) string {
	switch {
	case !negative:
		return text
	case p.locale.RightToLeft():
		return leftToRightIsolate + "−" + text + popIsolate
	}
	return "-" + text
}

// fill puts a formatted number into a pattern that calls it {amount}.
func (p *Printer) fill(key, amount string) string {
	return p.say(key, fault.Params{"amount": Text(amount)})
}
