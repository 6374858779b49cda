package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxCollationKey is how many bytes a sort key has at most.
const MaxCollationKey = 48

// The bytes of a sort key. A primary weight is one byte for what lists are made of, so that a key holds 48 letters, and a lead byte
// with the code point in three more for everything else. The order of the constants is the order of the lists.
const (
	levelEnd     = 0x01 // before the accents, below every weight: a prefix sorts first
	spaceWeight  = 0x02
	symbolLead   = 0x03
	digitWeight  = 0x08 // to 0x11
	firstWeight  = 0x20 // of letters; the language's own script comes first
	otherLead    = 0xF0
	noAccent     = 0x02
	accentWeight = 0x03
)

// hamzaMarks are the marks of the Arabic block that NFC joins with a letter.
const hamzaMarks = "\u0653\u0654\u0655"

// The alphabets in their orders. Letters between two letters of a list that are not in it sort by their base letter.
const (
	latinAlphabet  = "abcdefghijklmnopqrstuvwxyz"
	azeriAlphabet  = "abcçdeəfgğhxıijkqlmnoöprsştuüvwyz"
	arabicAlphabet = "ءآابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
)

// Collation gives the sort keys of one language: byte order of the keys is the order of the language's alphabet.
//
// It is a table of our own and not golang.org/x/text/collate, which is as fast. Keys are stored beside the rows they sort, so they must
// not change when a library takes a newer Unicode table; one byte is enough for a letter here, where the general keys spend two and add
// levels for accent and case, so that 48 bytes would hold half as many letters; and a table is safe for concurrent use without a pool.
//
// The order: space, symbols, digits, the letters of the language's own script, the letters of the other script (Latin or
// Arabic), then every other letter by its code point. Case does not matter, nor do half-space, harakat and tatweel; ي and ی, ك and ک, and
// digits of any script are equal. آ stands before ا as in Persian dictionaries. Accented letters that are no letters of the language
// sort as their base letter, and after it when all else is equal.
type Collation struct {
	weights [lastArabic + 1]byte // by code point; zero is no letter of a table
}

// NewCollation gives the collation of a language: "fa", "az" or "en"; every other language has the order of English.
func NewCollation(lang string) *Collation {
	c := &Collation{}
	next := byte(firstWeight)
	for _, alphabet := range alphabets(lang) {
		for _, r := range alphabet {
			c.weights[r] = next
			next++
		}
	}
	for d := range rune(10) {
		c.weights['0'+d] = digitWeight + byte(d)
	}
	c.weights[' '] = spaceWeight
	return c
}

func alphabets(lang string) [2]string {
	switch lang {
	case "fa":
		return [2]string{arabicAlphabet, latinAlphabet}
	case "az":
		return [2]string{azeriAlphabet, arabicAlphabet}
	}
	return [2]string{latinAlphabet, arabicAlphabet}
}

// Key gives the sort key of s, at most MaxCollationKey bytes: texts that differ only after some forty letters may share one, so a list
// needs a last column, such as the id, that decides. The empty text has the empty key.
func (c *Collation) Key(s string) []byte {
	k := sortKey{primary: make([]byte, 0, MaxCollationKey)}
	s = firstRunes(s, 4*MaxCollationKey)
	if !allSimple(s) || strings.ContainsAny(s, hamzaMarks) {
		s = norm.NFC.String(s)
	}
	for _, r := range s {
		c.add(&k, r)
		if len(k.primary) >= MaxCollationKey {
			return k.primary[:MaxCollationKey]
		}
	}
	return k.withAccents()
}

// sortKey is a key in the making: primary weights, and one accent weight for each letter up to the last accented one.
type sortKey struct {
	primary  []byte
	accents  [MaxCollationKey]byte
	letters  int
	accented int // letters up to the last accented one
	space    bool
}

func (k *sortKey) weigh(weight byte) {
	if k.space && len(k.primary) > 0 {
		k.primary = append(k.primary, spaceWeight)
	}
	k.space = false
	k.primary = append(k.primary, weight)
	if k.letters < len(k.accents) {
		k.accents[k.letters] = noAccent
		k.letters++
	}
}

// accent makes the last letter heavier.
func (k *sortKey) accent() {
	if k.letters > 0 {
		k.accents[k.letters-1] = accentWeight
		k.accented = k.letters
	}
}

func (k *sortKey) codePoint(lead byte, r rune) {
	k.weigh(lead)
	k.primary = append(k.primary, 0x80|byte(r>>14), 0x80|byte(r>>7)&0x7f, 0x80|byte(r)&0x7f)
}

func (k *sortKey) withAccents() []byte {
	if k.accented == 0 {
		return k.primary
	}
	key := append(append(k.primary, levelEnd), k.accents[:k.accented]...)
	return key[:min(len(key), MaxCollationKey)]
}

// add puts the weight of r into the key.
func (c *Collation) add(k *sortKey, r rune) {
	r = c.plain(r)
	switch {
	case r == gone:
	case r == ' ':
		k.space = true
	case int(r) < len(c.weights) && c.weights[r] > 0:
		k.weigh(c.weights[r])
	case unicode.IsMark(r):
		k.accent()
	case r < utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsNumber(r):
		k.codePoint(symbolLead, r)
	default:
		c.addOther(k, r)
	}
}

// addOther weighs a letter that has no weight of its own: by the letters of its fold, or by its code point.
func (c *Collation) addOther(k *sortKey, r rune) {
	known := true
	folded := Fold(string(r))
	for _, base := range folded {
		known = known && int(base) < len(c.weights) && c.weights[base] > 0
	}
	if !known || folded == "" {
		if first, size := utf8.DecodeRuneInString(folded); size > 0 && size == len(folded) {
			r = first
		}
		k.codePoint(otherLead, r)
		return
	}
	for _, base := range folded {
		k.weigh(c.weights[base])
		k.accent()
	}
}

// plain maps r as a key does, except that it keeps apart what an alphabet keeps apart: آ from ا, and ı from i where ı is a letter.
func (c *Collation) plain(r rune) rune {
	if r == 'آ' {
		return r
	}
	if dotless := c.weights['ı'] > 0; dotless && (r == 'I' || r == 'ı') {
		return 'ı'
	}
	if r > lastArabic {
		if d, ok := digit(r); ok {
			return '0' + d
		}
	}
	return letter(r)
}
