package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"ashna/engine/db"
)

// company makes entries as a company has them: names of a made-up vocabulary in which few words are common and most are rare, a third
// of them Persian, each with an e-mail address and a telephone.
type company struct {
	r              *rand.Rand
	latin, persian []string
	often          *rand.Zipf
}

const vocabulary = 15_000

func newCompany(seed uint64) *company {
	r := rand.New(rand.NewPCG(seed, 1))
	c := &company{r: r, often: rand.NewZipf(r, 1.15, 8, vocabulary-1)}
	c.latin = c.language([]rune("bcdfghklmnprstvzşç"), []rune("aeiouəöü"))
	c.persian = c.language([]rune("بپتجچحخدرزسشعغفقکگلمنوه"), []rune("اوی"))
	return c
}

// language makes different words of syllables.
func (c *company) language(consonants, vowels []rune) []string {
	seen := map[string]bool{}
	var words []string
	for len(words) < vocabulary {
		var w []rune
		for range 2 + c.r.IntN(3) {
			w = append(w, consonants[c.r.IntN(len(consonants))], vowels[c.r.IntN(len(vowels))])
		}
		if !seen[string(w)] {
			seen[string(w)] = true
			words = append(words, string(w))
		}
	}
	return words
}

func (c *company) word(persian bool) string {
	if persian {
		return c.persian[c.often.Uint64()]
	}
	return c.latin[c.often.Uint64()]
}

func (c *company) entry(id int64) Entry {
	persian := c.r.IntN(3) == 0
	words := make([]string, 3+c.r.IntN(4))
	for i := range words {
		words[i] = c.word(persian)
	}
	return Entry{
		ID: id, Object: "contact", Words: strings.Join(words, " "),
		Parts: fmt.Sprintf("%s.%s%d@%s.ir 989%09d", c.word(false), c.word(false), c.r.IntN(100), c.word(false), c.r.IntN(1e9)),
		Owner: 1 + c.r.Int64N(2_000), Team: 1 + c.r.Int64N(200), Branch: 1 + c.r.Int64N(40),
	}
}

// fill adds n entries, some thousand to a transaction as an import does.
func (c *company) fill(b *testing.B, d *db.DB, from, n int) {
	b.Helper()
	for at := 0; at < n; at += 2_000 {
		entries := make([]Entry, min(2_000, n-at))
		for i := range entries {
			entries[i] = c.entry(int64(from + at + i + 1))
		}
		if err := d.Write(b.Context(), func(tx *db.Tx) error { return Add(b.Context(), tx, entries) }); err != nil {
			b.Fatal(err)
		}
	}
}

func benchDB(b *testing.B) *db.DB {
	b.Helper()
	d, err := db.Open(b.Context(), db.Config{Dir: b.TempDir(), Readers: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	err = d.Write(b.Context(), func(tx *db.Tx) error {
		for _, text := range Tables(d.Dialect()) {
			if _, err := tx.Exec(b.Context(), text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// BenchmarkAdd counts one entry, with the making of it.
func BenchmarkAdd(b *testing.B) {
	d, c := benchDB(b), newCompany(1)
	b.ResetTimer()
	c.fill(b, d, 0, b.N)
}

// BenchmarkPut counts the replacement of one entry, 500 to a transaction as those who follow the log do.
func BenchmarkPut(b *testing.B) {
	d, c := benchDB(b), newCompany(1)
	const n = 50_000
	c.fill(b, d, 0, n)
	b.ResetTimer()
	for at := 0; at < b.N; at += 500 {
		entries := make([]Entry, min(500, b.N-at))
		for i := range entries {
			entries[i] = c.entry(int64((at+i)*7%n + 1))
		}
		if err := d.Write(b.Context(), func(tx *db.Tx) error { return Put(b.Context(), tx, entries) }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRow counts what an entry costs before the database sees it.
func BenchmarkRow(b *testing.B) {
	c := newCompany(1)
	entries := make([]Entry, 1_000)
	for i := range entries {
		entries[i] = c.entry(int64(i + 1))
	}
	var m maker
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		m.row(&entries[i%len(entries)])
	}
}

// BenchmarkFind asks as a person types, among 200,000 entries.
func BenchmarkFind(b *testing.B) {
	d, c := benchDB(b), newCompany(1)
	c.fill(b, d, 0, 200_000)
	for _, k := range []struct {
		name string
		ask  func() string
	}{
		{"two letters", func() string { return firstRunes(c.word(c.r.IntN(3) == 0), 2) }},
		{"word", func() string { return c.word(c.r.IntN(3) == 0) }},
		{"two words", func() string { return c.word(false) + " " + firstRunes(c.word(false), 3) }},
		{"three words", func() string { return c.word(true) + " " + c.word(true) + " " + firstRunes(c.word(true), 2) }},
		{"phone", func() string { return fmt.Sprintf("%06d", c.r.IntN(1e6)) }},
		{"mail", func() string { return "@" + firstRunes(c.word(false), 4) }},
		{"nothing", func() string { return "qx" + c.word(false) }},
	} {
		b.Run(k.name, func(b *testing.B) {
			for range b.N {
				err := d.Read(b.Context(), func(r db.Querier) error {
					_, _, err := Find(context.Background(), r, Question{Text: k.ask()}, everything)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
