// Package text holds the one normaliser of words that index, query, filter and duplicate match share, and what belongs to it:
// cleaning of typed text, tokens, digits, casing, initials, edit distance and the sort key of a language.
//
// Every function is pure and safe for concurrent use. Work is linear in the length of the text unless a function says otherwise.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxMarks is how many combining marks of one letter a key keeps; the rest of a pile is noise, and no alphabet needs more.
const maxMarks = 8

// Key gives the equality key of s: two texts that a person calls the same have the same key. It is for filters, "contains" and
// uniqueness.
//
// Letters lose their case, and i, I, ı and İ are one letter, so that neither keyboard nor language of the typist matters. Arabic
// letters become the Persian ones (ي ى ئ → ی, ك → ک, ة ۀ → ه, آ أ إ → ا, ؤ → و); harakat, tatweel, the half-space and every other
// invisible character go; digits become ASCII, as do Persian and typographic punctuation. Compatibility forms (full width, ligatures,
// presentation forms) are spelled out, and bytes that are not UTF-8 become U+FFFD. White space is collapsed to one space and trimmed.
// Latin diacritics stay: "şah" is not "sah", and ə is its own letter. The result is in NFC, and Key(Key(s)) == Key(s).
func Key(s string) string { return normalise(s, false) }

// Fold gives the search key of s: Key without Latin and Greek diacritics (ş → s, ö → o, é → e, ё → е) and with ə → e and other
// letters of the Latin alphabet's family spelled plainly (ø → o, æ → ae), so that a person with an English keyboard finds "Şəbnəm" by
// "sebnem". It is for the full text index, its queries and duplicate matching. Fold(Fold(s)) == Fold(s) == Fold(Key(s)).
func Fold(s string) string { return normalise(s, true) }

func normalise(s string, fold bool) string {
	same, ascii := scanASCII(s)
	if same {
		return s
	}
	if ascii || allSimple(s) {
		return assemble(s, fold)
	}
	valid := strings.ToValidUTF8(s, string(utf8.RuneError))
	return norm.NFC.String(assemble(norm.NFKD.String(valid), fold))
}

// scanASCII tells whether s is its own key already, and whether it is ASCII at all.
func scanASCII(s string) (same, ascii bool) {
	same = true
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return false, false
		}
		if c < ' ' || c == 0x7f || 'A' <= c && c <= 'Z' || c == ' ' && before == ' ' {
			same = false
		}
		before = c
	}
	return same && (s == "" || before != ' '), true
}

// allSimple tells whether every rune of s can be mapped by itself, so that neither decomposition nor composition is needed: nearly
// all Persian, Azerbaijani and English text.
func allSimple(s string) bool {
	for _, r := range s {
		if !simple(r) {
			return false
		}
	}
	return true
}

func simple(r rune) bool {
	switch {
	case r < utf8.RuneSelf, r == 'ə', r == 'Ə', r == 0xA0, r == '«', r == '»':
		return true
	case firstLatin <= r && r <= lastLatin:
		return !strings.ContainsRune("ĲĳĿŀŉſ", r)
	case firstArabic <= r && r <= lastArabic:
		return r < 0x675 || r > 0x678
	}
	return 0x200B <= r && r <= 0x200F || 0x202A <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069
}

// assemble maps the runes of s one after the other; s is either decomposed or all simple.
func assemble(s string, fold bool) string {
	a := assembler{fold: fold}
	a.out.Grow(len(s))
	for _, r := range s {
		a.add(r)
	}
	return a.out.String()
}

// assembler writes a key rune by rune.
type assembler struct {
	out   strings.Builder
	fold  bool
	space bool // a space waits for the next visible rune
	base  rune // the letter that marks stand on
	marks int  // how many marks it has
}

func (a *assembler) add(r rune) {
	r = letter(r)
	switch {
	case r == gone:
		return
	case r == ' ':
		a.space, a.base, a.marks = a.out.Len() > 0, r, 0
		return
	case r < firstLatin:
		a.base, a.marks = r, 0
		a.write(r)
		return
	case r >= 0x300 && unicode.Is(unicode.M, r):
		a.mark(r)
		return
	}
	if a.fold && r <= lastLatin {
		r = latinBase[r-firstLatin]
	}
	a.base, a.marks = r, 0
	if plain, ok := spelled(r, a.fold); ok {
		a.writeSpelled(plain)
		return
	}
	a.write(r)
}

// mark keeps or drops a combining mark of the letter before it.
func (a *assembler) mark(r rune) {
	const dotAbove, diaeresis = 0x307, 0x308
	if r == dotAbove && a.base == 'i' {
		return
	}
	a.marks++
	if a.marks > maxMarks {
		return
	}
	cyrillic := unicode.Is(unicode.Cyrillic, a.base)
	if a.fold && r <= 0x36F && (!cyrillic || r == diaeresis) {
		return
	}
	a.write(r)
}

func (a *assembler) write(r rune) {
	if a.space {
		a.out.WriteByte(' ')
		a.space = false
	}
	if r < utf8.RuneSelf {
		a.out.WriteByte(byte(r))
		return
	}
	a.out.WriteRune(r)
}

func (a *assembler) writeSpelled(plain string) {
	for _, r := range plain {
		a.write(r)
	}
}
