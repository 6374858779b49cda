package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// titles are the folded words that stand before or after a name without being part of it.
var titles = []string{
	"دکتر", "مهندس", "آقای", "خانم", "جناب", "سرکار", "استاد", "حاج", "حاجی", "سید", "سیده",
	"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "eng", "sir", "jr", "sr", "phd",
	"cənab", "xanım", "bəy", "müəllim", "hacı", "doktor", "professor",
}

// foldedTitles holds the titles as the words of a name are compared with them.
var foldedTitles = foldAll(titles)

func foldAll(words []string) []string {
	folded := make([]string, len(words))
	for i, w := range words {
		folded[i] = Fold(w)
	}
	return folded
}

// Initials gives one or two letters for a person's or company's badge: the first letters of the first and the last word of the name,
// with titles (دکتر، مهندس، Dr., Mr., müəllim) left out unless there is nothing else. Letters are in upper case and keep their
// combining marks; between letters of the Arabic script stands a half-space, so that they do not join. Words without a letter or a
// digit at their start are left out; a name of none gives the empty text.
func Initials(name string) string {
	var first, last, title string
	for _, word := range strings.Fields(norm.NFC.String(firstRunes(name, 4*MaxWord))) {
		initial := initialOf(word)
		if initial == "" {
			continue
		}
		if isTitle(word) {
			if title == "" {
				title = initial
			}
			continue
		}
		if first == "" {
			first = initial
			continue
		}
		last = initial
	}
	switch {
	case first == "":
		return title
	case last == "":
		return first
	}
	if r, _ := utf8.DecodeRuneInString(first); unicode.Is(unicode.Arabic, r) {
		return first + "\u200c" + last
	}
	return first + last
}

func isTitle(word string) bool {
	return slices.Contains(foldedTitles, Fold(strings.TrimFunc(word, outsideWord)))
}

// initialOf gives the first letter or digit of a word in upper case, with its marks.
func initialOf(word string) string {
	start := strings.IndexFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
	if start < 0 {
		return ""
	}
	word = word[start:]
	r, size := utf8.DecodeRuneInString(word)
	end := size
	for _, mark := range word[size:] {
		if !unicode.IsMark(mark) || end > 4*maxMarks {
			break
		}
		end += utf8.RuneLen(mark)
	}
	return string(unicode.ToUpper(r)) + word[size:end]
}
