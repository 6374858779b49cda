package search

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"ashna/kit/text"
)

// The limits of an entry: MaxParts is how many characters of parts are kept, MaxPart how many of one part.
const (
	MaxParts = 2_000
	MaxPart  = 200
)

// The sizes of tokens, in characters.
const (
	gramSize  = 3 // of the pieces that a part is cut into
	shortEdge = 2 // of the shortest beginning of a word that is a token of its own
	longEdge  = 4 // of the longest; must not be less than gramSize
)

// halfSpace joins the parts of a Persian word for the eye only: people write it, a space, or nothing.
const halfSpace = "\u200c"

// maker makes the rows of entries one after the other. Its zero value is ready.
type maker struct {
	words  []string
	known  map[string]bool // tokens of the entry at hand
	tokens []byte
}

// usualTokens is more than the tokens of most entries.
const usualTokens = 128

// row makes the row of an entry.
func (m *maker) row(e *Entry) row {
	if m.known == nil || len(m.known) > usualTokens { // to clear a map costs what it once held
		m.known = make(map[string]bool, usualTokens)
	}
	clear(m.known)
	m.words, m.tokens = m.words[:0], m.tokens[:0]
	m.scope(e)
	m.text(e.Words)
	parts := splitParts(e.Parts)
	for _, p := range parts {
		m.grams(p)
	}
	return row{ID: e.ID, Object: e.Object, Words: spaced(m.words), Parts: spaced(parts), Tokens: string(m.tokens)}
}

// spaced joins texts so that each has a space before and behind it.
func spaced(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " " + strings.Join(list, " ") + " "
}

// add takes a token, once.
func (m *maker) add(token string) bool {
	before := len(m.known)
	m.known[token] = true
	if len(m.known) == before {
		return false
	}
	if len(m.tokens) > 0 {
		m.tokens = append(m.tokens, ' ')
	}
	m.tokens = append(m.tokens, token...)
	return true
}

// scope marks the entry with its object and with those who have it.
func (m *maker) scope(e *Entry) {
	m.add(objectToken(e.Object))
	for _, s := range [...]struct {
		kind string
		key  int64
	}{{ownerMark, e.Owner}, {teamMark, e.Team}, {branchMark, e.Branch}} {
		if s.key != 0 {
			m.add(keyToken(s.kind, s.key))
		}
	}
}

// Marks of scope begin with an underscore, which no word and no part has.
const (
	objectMark = "_o"
	ownerMark  = "_u"
	teamMark   = "_t"
	branchMark = "_b"
)

func objectToken(object string) string       { return objectMark + object }
func keyToken(mark string, key int64) string { return mark + strconv.FormatInt(key, 10) }

// isName says whether a text can be the name of an object, and so a part of a token.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// text takes the words of a text. What is written as one but has a half-space or punctuation inside counts as its pieces and as the
// whole, so that both ways of writing it are found.
func (m *maker) text(s string) {
	m.folded(text.Fold(s))
	if strings.Contains(s, halfSpace) {
		m.folded(text.Fold(strings.ReplaceAll(s, halfSpace, " ")))
	}
}

func (m *maker) folded(s string) {
	for run := range strings.FieldsSeq(s) {
		if plainWord(run) {
			m.word(run)
			continue
		}
		pieces := text.Words(run)
		for _, p := range pieces {
			m.word(p)
		}
		if len(pieces) > 1 && len(pieces) <= maxPieces {
			m.word(strings.Join(pieces, ""))
		}
		if len(m.words) >= text.MaxWords {
			return
		}
	}
}

// maxPieces is how many pieces are also one word when they are written together: a name with hyphens, not a path.
const maxPieces = 4

// word takes a word and its beginnings.
func (m *maker) word(w string) {
	if len(w) > text.MaxWord {
		w = firstRunes(w, text.MaxWord)
	}
	if len(m.words) >= text.MaxWords {
		return
	}
	m.words = append(m.words, w)
	if !m.add(w) {
		return
	}
	count := 0
	for i := range w {
		if count >= shortEdge {
			m.add(w[:i])
		}
		if count == longEdge {
			return
		}
		count++
	}
}

// grams takes every piece of three characters of a part.
func (m *maker) grams(part string) {
	eachGram(part, func(gram string) { m.add(gram) })
}

// eachGram calls do with each piece of gramSize characters, from left to right.
func eachGram(s string, do func(string)) {
	var starts [gramSize]int // of the last characters
	count := 0
	for i := range s {
		if count >= gramSize {
			do(s[starts[count%gramSize]:i])
		}
		starts[count%gramSize] = i
		count++
	}
	if count >= gramSize {
		do(s[starts[count%gramSize]:])
	}
}

// splitParts gives the parts of an entry as they are kept: squashed, without what every web address begins with.
func splitParts(s string) []string {
	var parts []string
	left := MaxParts
	for run := range strings.FieldsSeq(text.Fold(s)) {
		part := firstRunes(squash(trimAddress(run)), min(MaxPart, left))
		if part == "" {
			continue
		}
		parts = append(parts, part)
		left -= utf8.RuneCountInString(part)
	}
	return parts
}

// trimAddress takes the beginning off a web address that tells nothing.
func trimAddress(s string) string {
	for _, start := range [...]string{"https://", "http://", "www."} {
		s = strings.TrimPrefix(s, start)
	}
	return s
}

// squash leaves the letters, digits and at-signs of a folded text, so that 0912-345 and 0912345 or reza.k and rezak are the same.
func squash(s string) string {
	if plainWord(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == '@' || inWord(r) {
			return r
		}
		return -1
	}, s)
}

// plainWord says whether a text has nothing but letters, digits and their marks.
func plainWord(s string) bool {
	for _, r := range s {
		if !inWord(r) {
			return false
		}
	}
	return true
}

// inWord says whether a folded text has this character in its words, as text.Words sees it.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// firstRunes gives the first n characters of a text.
func firstRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}
