package i18n

import (
	"strings"
	"unicode"
)

const (
	leftToRightIsolate = "\u2066"
	firstStrongIsolate = "\u2068"
	popIsolate         = "\u2069"
)

// maxValue is the longest inserted text in characters; the rest is cut, so that a message stays a sentence.
const maxValue = 300

// tidy makes a text of a person fit to stand inside a sentence: no control characters, no isolates that are not closed, not too long.
func tidy(s string) string {
	if !balanced(s) {
		s = strings.Map(dropDirection, s)
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	count := 0
	for i := range s {
		if count == maxValue {
			return strings.Map(dropDirection, s[:i]) + "…"
		}
		count++
	}
	return s
}

// isolate puts a text into a direction of its own when it has letters that run against the direction of the sentence.
func isolate(s string, rightToLeft bool) string {
	for _, r := range s {
		if unicode.IsLetter(r) && isRightToLeft(r) != rightToLeft {
			return firstStrongIsolate + s + popIsolate
		}
	}
	return s
}

func isRightToLeft(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam)
}

// balanced says whether the directions that s opens are closed in s, and none is closed that it did not open.
func balanced(s string) bool {
	isolates, embeddings := 0, 0
	for _, r := range s {
		switch r {
		case '\u2066', '\u2067', '\u2068':
			isolates++
		case '\u2069':
			isolates--
		case '\u202A', '\u202B', '\u202D', '\u202E':
			embeddings++
		case '\u202C':
			embeddings--
		}
		if isolates < 0 || embeddings < 0 {
			return false
		}
	}
	return isolates == 0 && embeddings == 0
}

func dropDirection(r rune) rune {
	if r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' {
		return -1
	}
	return r
}
