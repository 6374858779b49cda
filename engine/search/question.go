package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"ashna/kit/text"
)

// The limits of a question. What is beyond them is left out, so that a pasted page is still an answerable question.
const (
	// MaxQuestion is how many characters of the text are read.
	MaxQuestion = 200
	// MaxTerms is how many words of it count.
	MaxTerms = 10
)

// terms is what a question asks for: every clause must hold, and of a clause one of its ways.
type terms struct {
	clauses []clause
	letters []string // words of one letter, when there are no others
}

// clause is a list of ways to hold; a way is a list of terms that all must be found.
type clause [][]term

// term is one thing to be found in an entry.
type term struct {
	text  string
	whole bool // only as a whole word, otherwise as the beginning of one
	part  bool // only inside a part, otherwise there too
}

// written is a run of characters without white space, or several that are one number.
type written struct {
	pieces   []string // its words
	squashed string   // the whole without punctuation
	numeric  bool     // only digits and punctuation
}

// parse reads what a person typed. It never fails: what cannot be asked for is left out.
func parse(s string) terms {
	var t terms
	var runs []written
	for _, run := range split(text.Truncate(s, MaxQuestion)) {
		if len(run.pieces) == 1 && utf8.RuneCountInString(run.squashed) == 1 {
			t.letters = append(t.letters, run.squashed)
			continue
		}
		runs = append(runs, run)
	}
	for len(runs) > 0 && len(t.clauses) < MaxTerms {
		n := togetherness(runs)
		c := apart(runs[0])
		if n > 1 {
			c = together(runs[:n])
		}
		if len(c) > 0 {
			t.clauses = append(t.clauses, c)
		}
		runs = runs[n:]
	}
	if len(t.clauses) > 0 {
		t.letters = nil
	}
	return t
}

// split cuts a text at white space, but keeps the groups of a number together.
func split(s string) []written {
	var runs []written
	for field := range strings.FieldsSeq(s) {
		run := written{
			pieces:   text.Words(strings.ReplaceAll(field, halfSpace, " ")),
			squashed: firstRunes(squash(trimAddress(text.Fold(field))), text.MaxWord),
		}
		if run.squashed == "" || len(run.pieces) == 0 {
			continue
		}
		run.numeric = isDigits(run.squashed)
		if last := len(runs) - 1; last >= 0 && run.numeric && runs[last].numeric && len(runs[last].squashed)+len(run.squashed) <= maxDigits {
			runs[last].pieces = append(runs[last].pieces, run.pieces...)
			runs[last].squashed += run.squashed
			continue
		}
		runs = append(runs, run)
	}
	return runs
}

// maxDigits is the length up to which groups of digits may be one number: a telephone has 15 digits and a prefix, an account 26.
const maxDigits = 26

func isDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// apart gives the ways in which a run can be found: its words, the whole without punctuation, and a number without the zeros that
// stand before it at home and are missing in its international form.
func apart(run written) clause {
	var c clause
	at := strings.Contains(run.squashed, "@")
	if !at || len(run.pieces) > 1 {
		c = append(c, termsOf(run.pieces))
	}
	if run.squashed != run.pieces[0] && utf8.RuneCountInString(run.squashed) >= gramSize {
		c = append(c, []term{{text: run.squashed, part: at}})
	}
	if rest := trunk(run.squashed); run.numeric && rest != "" {
		c = append(c, []term{{text: rest, part: true}})
	}
	if len(c) == 0 {
		c = append(c, termsOf(run.pieces))
	}
	return c
}

func termsOf(pieces []string) []term {
	way := make([]term, 0, len(pieces))
	for _, p := range pieces {
		way = append(way, term{text: p, whole: utf8.RuneCountInString(p) < shortEdge})
		if len(way) == MaxTerms {
			break
		}
	}
	return way
}

// trunk gives a number as it is after the country code: without one leading zero, or the two of an international call, when at least
// four digits are left; otherwise nothing.
func trunk(digits string) string {
	const least = 4
	rest, found := strings.CutPrefix(digits, "00")
	if !found {
		rest, found = strings.CutPrefix(digits, "0")
	}
	if !found || len(rest) < least {
		return ""
	}
	return rest
}

// togetherness says how many of the first runs a person may have parted by a space where others write a half-space or nothing: two or
// three Persian words and no more behind them.
func togetherness(runs []written) int {
	const most = 3
	n := 0
	for n < len(runs) && len(runs[n].pieces) == 1 && isArabic(runs[n].squashed) {
		n++
	}
	if n < 2 || n > most {
		return 1
	}
	return n
}

func isArabic(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.Is(unicode.Arabic, r) }) < 0
}

// together gives the ways in which neighbouring words can be found: apart, or two of them as one.
func together(runs []written) clause {
	words := make([]string, len(runs))
	for i, run := range runs {
		words[i] = run.squashed
	}
	c := clause{termsOf(words)}
	for i := range len(words) - 1 {
		way := termsOf(words[:i])
		way = append(way, term{text: firstRunes(words[i]+words[i+1], text.MaxWord)})
		c = append(c, append(way, termsOf(words[i+2:])...))
	}
	return c
}

// fits says whether the texts of an entry have what is asked for. Tokens are a promise only: trigrams may stand apart.
func (t *terms) fits(words, parts string) bool {
	for _, c := range t.clauses {
		if !c.fits(words, parts) {
			return false
		}
	}
	for _, l := range t.letters {
		if !strings.Contains(words, " "+l) {
			return false
		}
	}
	return true
}

func (c clause) fits(words, parts string) bool {
	for _, way := range c {
		all := true
		for _, t := range way {
			all = all && t.fits(words, parts)
		}
		if all {
			return true
		}
	}
	return false
}

func (t term) fits(words, parts string) bool {
	if t.whole {
		return strings.Contains(words, " "+t.text+" ")
	}
	if !t.part && strings.Contains(words, " "+t.text) {
		return true
	}
	return utf8.RuneCountInString(t.text) >= gramSize && strings.Contains(parts, t.text)
}
