package search

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ashna/engine/db"
	"ashna/kit/text"
)

// generator makes entries and questions of a small vocabulary, so that much of it meets.
type generator struct{ r *rand.Rand }

func (g *generator) pick(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *generator) word() string {
	switch g.r.IntN(4) {
	case 0:
		return g.pick("علی", "علي", "رضا", "کریم", "كريمي", "می", "ن") + g.pick("", "", "\u200c", "ی") + g.pick("", "رضا", "پور", "خانه")
	case 1:
		return g.pick("Şə", "İs", "ba", "Gü", "ka") + g.pick("b", "r", "kı", "lç") + g.pick("nəm", "im", "imi", "əliyev", "")
	case 2:
		return fmt.Sprint(g.r.IntN(3_000))
	}
	return g.pick("re", "ka", "al", "o'", "x-") + g.pick("za", "rim", "neil", "i") + g.pick("", "ei", "reza", "zade", "mohammadi")
}

func (g *generator) part() string {
	switch g.r.IntN(3) {
	case 0:
		return fmt.Sprintf("98912%07d", g.r.IntN(10_000))
	case 1:
		return "INV-" + fmt.Sprintf("%06d", g.r.IntN(1_000))
	}
	return text.Key(g.word()) + g.pick(".", "_", "") + text.Key(g.word()) + "@" + g.pick("acme.ir", "mail.az", "rezaco.com")
}

func (g *generator) entry(id int64) Entry {
	e := Entry{ID: id, Object: g.pick("deal", "lead"), Owner: id % 7}
	for range 1 + g.r.IntN(5) {
		e.Words += g.word() + g.pick(" ", " ", ", ", "\n", "\u00a0")
	}
	for range g.r.IntN(3) {
		e.Parts += g.part() + " "
	}
	return e
}

// question takes some of an entry, or of nothing, and types it as a person might.
func (g *generator) question(e Entry) string {
	source := slices.Concat(strings.Fields(e.Words), strings.Fields(e.Parts), []string{g.word()})
	var b strings.Builder
	for range 1 + g.r.IntN(3) {
		runes := []rune(source[g.r.IntN(len(source))])
		from := 0
		if len(runes) > 4 && g.r.IntN(3) == 0 {
			from = g.r.IntN(len(runes) - 3)
		}
		b.WriteString(string(runes[from:from+1+g.r.IntN(len(runes)-from)]) + g.pick(" ", " ", "-", "\u200c", ""))
	}
	return b.String()
}

func TestRow(t *testing.T) {
	var m maker
	m.row(&Entry{ID: 9, Object: "lead", Words: "left over", Parts: "xyz"})
	got := m.row(&Entry{ID: 1, Object: "c_deal", Words: "Ab Karimov, ab", Parts: "a@b.c 12", Owner: 7, Branch: 9})
	want := row{ID: 1, Object: "c_deal", Words: " ab karimov ab ", Parts: " a@bc 12 "}
	tokens := strings.Fields(got.Tokens)
	got.Tokens = ""
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	list := []string{"_oc_deal", "_u7", "_b9", "ab", "karimov", "a@b", "@bc"}
	for n := shortEdge; n <= longEdge; n++ {
		list = append(list, "karimov"[:n])
	}
	slices.Sort(tokens)
	slices.Sort(list)
	if !slices.Equal(tokens, list) {
		t.Errorf("tokens %v, want %v", tokens, list)
	}
}

func TestLimitsOfAnEntry(t *testing.T) {
	var m maker
	r := m.row(&Entry{
		ID: 1, Object: "deal", Words: strings.Repeat("ə", 3*text.MaxWord) + strings.Repeat(" w-1", 3*text.MaxWords),
		Parts: strings.Repeat("9", 3*MaxPart) + " " + strings.Repeat("x1y ", MaxParts),
	})
	words, parts := strings.Fields(r.Words), strings.Fields(r.Parts)
	if len(words) != text.MaxWords || words[0] != strings.Repeat("e", text.MaxWord) {
		t.Errorf("%d words, the first of %d characters", len(words), len(words[0]))
	}
	if sum := utf8.RuneCountInString(strings.Join(parts, "")); sum > MaxParts || len(parts[0]) != MaxPart {
		t.Errorf("parts of %d characters, the first of %d", sum, len(parts[0]))
	}
}

func TestEachGram(t *testing.T) {
	for in, want := range map[string]string{"": "", "ab": "", "abc": "abc", "abcd": "abc bcd", "علیرضا": "علی لیر یرض رضا", "aəbü1": "aəb əbü bü1"} {
		var got []string
		eachGram(in, func(g string) { got = append(got, g) })
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestIsName(t *testing.T) {
	for name, want := range map[string]bool{"deal": true, "c_deal2": true, "": false, "Deal": false, "a b": false, `a"`: false, "é": false} {
		if isName(name) != want {
			t.Errorf("isName(%q) = %v", name, !want)
		}
	}
}

func TestTrunk(t *testing.T) {
	for in, want := range map[string]string{"09121": "9121", "0912": "", "00989": "", "009891": "9891", "9121": "", "0": "", "": "", "00000": ""} {
		if got := trunk(in); got != want {
			t.Errorf("trunk(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCondition(t *testing.T) {
	s := &db.Search{Quote: "'", And: "&", Or: "|", Prefix: "*"}
	for _, c := range []struct {
		q    Question
		want string
	}{
		{Question{Text: "ab"}, "'ab'"},
		{Question{Text: "abc de"}, "('abc'&'de')"},
		{Question{Text: "abcd"}, "('abcd'|('abc'&'bcd'))"},
		{Question{Text: "abcde"}, "('abcde'*|('abc'&'cde'))"},
		{Question{Text: "abcdefg"}, "('abcdefg'*|('abc'&'def'&'efg'))"},
		{Question{Text: "@abcd"}, "('@ab'&'bcd')"},
		{Question{Text: "a"}, ""},
		{Question{Text: "ab x"}, "'ab'"},
		{Question{Text: "ab", Objects: []string{"deal", "lead"}}, "('ab'&('_odeal'|'_olead'))"},
		{Question{Text: "a", Acl: &Acl{Owners: []int64{1}, Teams: []int64{2}, Branches: []int64{3}}}, "('_u1'|'_t2'|'_b3')"},
		{Question{Text: "12 34"}, "(('12'&'34')|('1234'|('123'&'234')))"},
		{Question{Text: "و را"}, "'را'"},
		{Question{Text: "کتا بی"}, "(('کتا'&'بی')|('کتابی'*|('کتا'&'ابی')))"},
	} {
		if got := condition(s, &c.q, parse(c.q.Text)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
}

// A condition stays small whatever is typed: its size bounds the work of the database.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "reza karimi", "علی\u200cرضا خانه", "0912 345-67", "@acme.ir a.b@c", "a b c", "\xff'\"\\:*&|!()", strings.Repeat("1-2 ", 60)} {
		f.Add(seed)
	}
	s := &db.Search{Quote: "'", And: "&", Or: "|", Prefix: "*"}
	f.Fuzz(func(t *testing.T, in string) {
		asked := parse(in)
		got := condition(s, &Question{}, asked)
		if strings.Count(got, "'")%2 != 0 || strings.Count(got, "(") != strings.Count(got, ")") {
			t.Errorf("%q: %s", in, got)
		}
		for i, token := range strings.Split(got, "'") {
			if i%2 == 1 && (token == "" || strings.ContainsFunc(token, func(r rune) bool { return r != '@' && !inWord(r) })) {
				t.Errorf("%q: token %q of %s", in, token, got)
			}
		}
		if len(asked.clauses) > MaxTerms || strings.Count(got, "'") > 2_000 {
			t.Errorf("%q: %d clauses, %d quotes", in, len(asked.clauses), strings.Count(got, "'"))
		}
	})
}

// An entry is found by any of its own words and parts.
func TestAnEntryFitsItself(t *testing.T) {
	g := &generator{rand.New(rand.NewPCG(1, 2))}
	var m maker
	for i := range 3_000 {
		e := g.entry(int64(i + 1))
		r := m.row(&e)
		for _, word := range slices.Concat(strings.Fields(e.Words), strings.Fields(e.Parts)) {
			if asked := parse(word); !asked.fits(r.Words, r.Parts) {
				t.Errorf("%q does not find %+v", word, r)
			}
		}
	}
}
