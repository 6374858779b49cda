package search

import (
	"strings"
	"unicode/utf8"

	"ashna/engine/db"
)

// MaxKeys is how many keys of an Acl are asked for; more of them would cost more than they save.
const MaxKeys = 50

// condition writes a question as the database reads it: the words, and the marks of the objects and of those who may see. It is empty
// when nothing is asked for.
func condition(s *db.Search, q *Question, t terms) string {
	w := writer{s}
	var all []string
	for _, c := range t.clauses {
		ways := make([]string, len(c))
		for i, way := range c {
			list := make([]string, len(way))
			for j, one := range way {
				list[j] = w.term(one)
			}
			ways[i] = w.join(s.And, list)
		}
		all = append(all, w.join(s.Or, ways))
	}
	var objects []string
	for _, o := range q.Objects {
		objects = append(objects, w.token(objectToken(o)))
	}
	all = append(all, w.join(s.Or, objects), w.join(s.Or, w.acl(q.Acl)))
	return w.join(s.And, all)
}

// writer writes conditions over tokens. Every token is quoted; tokens have letters, digits, at-signs and underscores only, so no quote
// can end early.
type writer struct{ s *db.Search }

func (w writer) token(token string) string { return w.s.Quote + token + w.s.Quote }

// join puts conditions together, leaving out empty ones, in parentheses where there are several.
func (w writer) join(with string, list []string) string {
	var filled []string
	for _, one := range list {
		if one != "" {
			filled = append(filled, one)
		}
	}
	if len(filled) < 2 {
		return strings.Join(filled, "")
	}
	return "(" + strings.Join(filled, with) + ")"
}

// term writes what tokens tell about one term.
func (w writer) term(t term) string {
	if t.whole || utf8.RuneCountInString(t.text) <= gramSize {
		return w.token(t.text)
	}
	grams := w.join(w.s.And, w.grams(t.text))
	if t.part {
		return grams
	}
	start := w.token(t.text)
	if utf8.RuneCountInString(t.text) > longEdge {
		start += w.s.Prefix
	}
	return w.join(w.s.Or, []string{start, grams})
}

// grams writes the trigrams that cover a text: every third one, and the last.
func (w writer) grams(s string) []string {
	var list []string
	last, at := "", 0
	eachGram(s, func(gram string) {
		if at%gramSize == 0 {
			list = append(list, w.token(gram))
		}
		last, at = gram, at+1
	})
	if (at-1)%gramSize != 0 {
		list = append(list, w.token(last))
	}
	return list
}

// acl writes the marks of the keys; none when there are too many to be a help.
func (w writer) acl(a *Acl) []string {
	if a == nil || len(a.Owners)+len(a.Teams)+len(a.Branches) > MaxKeys {
		return nil
	}
	var list []string
	for _, of := range [...]struct {
		mark string
		keys []int64
	}{{ownerMark, a.Owners}, {teamMark, a.Teams}, {branchMark, a.Branches}} {
		for _, key := range of.keys {
			list = append(list, w.token(keyToken(of.mark, key)))
		}
	}
	return list
}
