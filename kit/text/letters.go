package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// gone is what letter gives for a rune that a key leaves out.
const gone rune = -1

// The blocks that have tables of their own: Latin-1 letters with Latin Extended-A, and Arabic.
const (
	firstLatin, lastLatin   rune = 0xC0, 0x17F
	firstArabic, lastArabic rune = 0x600, 0x6FF
)

// latinBase gives, for a letter of the Latin block, the lower-case letter without its diacritics.
var latinBase = latinTable()

func latinTable() (t [lastLatin - firstLatin + 1]rune) {
	for r := firstLatin; r <= lastLatin; r++ {
		first, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r)))
		t[r-firstLatin] = unicode.ToLower(first)
	}
	t['ı'-firstLatin] = 'i'
	return t
}

// arabicForms gives the letter of a key for letters, digits and punctuation of the Arabic block that are not their own key.
var arabicForms = map[rune]rune{
	'ي': 'ی', 'ى': 'ی', 'ئ': 'ی', 'ے': 'ی', 'ۓ': 'ی',
	'ك': 'ک', 'ڪ': 'ک',
	'ة': 'ه', 'ۀ': 'ه', 'ە': 'ه', 'ہ': 'ه', 'ۂ': 'ه', 'ۃ': 'ه', 'ھ': 'ه',
	'آ': 'ا', 'أ': 'ا', 'إ': 'ا', 'ٱ': 'ا',
	'ؤ': 'و',
	'،': ',', '؛': ';', '؟': '?', '٪': '%', '٫': '.', '٬': ',', '٭': '*', '۔': '.',
	'ـ': gone,
}

// arabic gives the letter of a key for every rune of the Arabic block; marks and format characters are gone.
var arabic = arabicTable()

func arabicTable() (t [lastArabic - firstArabic + 1]rune) {
	for r := firstArabic; r <= lastArabic; r++ {
		form, listed := arabicForms[r]
		switch {
		case listed:
			t[r-firstArabic] = form
		case '٠' <= r && r <= '٩':
			t[r-firstArabic] = '0' + r - '٠'
		case '۰' <= r && r <= '۹':
			t[r-firstArabic] = '0' + r - '۰'
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
			t[r-firstArabic] = gone
		default:
			t[r-firstArabic] = r
		}
	}
	return t
}

// letter gives the rune of a key for one rune: lower case, unified, a plain space for any white space, or gone.
func letter(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		return asciiLetter(r)
	case firstArabic <= r && r <= lastArabic:
		return arabic[r-firstArabic]
	case unicode.IsSpace(r):
		return ' '
	case invisible(r):
		return gone
	}
	switch r {
	case 'ı':
		return 'i'
	case 'ǝ', 'Ǝ':
		return 'ə'
	case 'ς':
		return 'σ'
	case '«', '»', '“', '”', '„', '‟':
		return '"'
	case '‘', '’', '‚', '‛', 'ʼ':
		return '\''
	case '‐', '‑', '‒', '–', '—', '―', '−':
		return '-'
	case '⁄', '∕':
		return '/'
	}
	return unicode.ToLower(r)
}

func asciiLetter(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case '\t' <= r && r <= '\r':
		return ' '
	case r < ' ' || r == 0x7f:
		return gone
	}
	return r
}

// invisible tells whether r shows nothing: a control or format character (half-space, direction marks, soft hyphen), a variation
// selector, or a filler that only looks like a letter.
func invisible(r rune) bool {
	switch {
	case r < 0x300:
		return r < 0xA0 || r == 0xAD
	case r == 0x34F, r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0:
		return true
	case 0xFE00 <= r && r <= 0xFE0F, 0xE0100 <= r && r <= 0xE01EF:
		return true
	}
	return unicode.Is(unicode.Cf, r)
}

// spelled gives the plain spelling of a letter that decomposition does not take apart; the key spells only ß, the fold all.
func spelled(r rune, fold bool) (string, bool) {
	if r == 'ß' {
		return "ss", true
	}
	if !fold {
		return "", false
	}
	switch r {
	case 'ə':
		return "e", true
	case 'ø':
		return "o", true
	case 'đ', 'ð':
		return "d", true
	case 'ł':
		return "l", true
	case 'ħ':
		return "h", true
	case 'ŧ':
		return "t", true
	case 'ŋ':
		return "n", true
	case 'æ':
		return "ae", true
	case 'œ':
		return "oe", true
	case 'þ':
		return "th", true
	}
	return "", false
}
