package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"ashna/engine/db"
	"ashna/testkit"
)

// onBoth runs a test on an empty index of each database.
func onBoth(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Run("file", func(t *testing.T) { test(t, open(t, db.Config{Dir: t.TempDir(), Readers: 2})) })
	t.Run("server", func(t *testing.T) {
		url, ok := testkit.PostgresURL(t)
		if !ok {
			t.Skip("no server")
		}
		test(t, open(t, db.Config{URL: url, Readers: 2}))
	})
}

func open(t *testing.T, c db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	inTx(t, d, func(ctx context.Context, tx *db.Tx) error {
		for _, text := range slices.Concat(Tables(d.Dialect()), Tables(d.Dialect())) { // twice: they may be there already
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
	return d
}

func inTx(t *testing.T, d *db.DB, do func(context.Context, *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx *db.Tx) error { return do(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, d *db.DB, entries ...Entry) {
	t.Helper()
	inTx(t, d, func(ctx context.Context, tx *db.Tx) error { return Add(ctx, tx, entries) })
}

func put(t *testing.T, d *db.DB, entries ...Entry) {
	t.Helper()
	inTx(t, d, func(ctx context.Context, tx *db.Tx) error { return Put(ctx, tx, entries) })
}

// everything lets a viewer see all.
func everything(_ context.Context, _ db.Querier, _ string, ids []int64) (map[int64]bool, error) {
	return only(func(int64) bool { return true })(nil, nil, "", ids)
}

// only lets a viewer see the records that a rule allows.
func only(rule func(id int64) bool) Visible {
	return func(_ context.Context, _ db.Querier, _ string, ids []int64) (map[int64]bool, error) {
		seen := map[int64]bool{}
		for _, id := range ids {
			seen[id] = rule(id)
		}
		return seen, nil
	}
}

// find gives the keys of the hits of one call, and the key to go on from.
func find(t *testing.T, d *db.DB, q Question, visible Visible) (ids []int64, next int64) {
	t.Helper()
	err := d.Read(t.Context(), func(r db.Querier) error {
		hits, n, err := Find(t.Context(), r, q, visible)
		for _, h := range hits {
			ids = append(ids, h.ID)
		}
		next = n
		return err
	})
	if err != nil {
		t.Fatalf("find %q: %v", q.Text, err)
	}
	return ids, next
}

// expect asks a question and compares the keys of all hits, newest first.
func expect(t *testing.T, d *db.DB, text string, want ...int64) {
	t.Helper()
	got, next := find(t, d, Question{Text: text, Limit: MaxLimit}, everything)
	if !slices.Equal(got, want) || next != 0 {
		t.Errorf("%q: got %v next %d, want %v", text, got, next, want)
	}
}

func TestWords(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d,
			Entry{ID: 1, Object: "contact", Words: "Reza Karimi Tehran"},
			Entry{ID: 2, Object: "contact", Words: "Karim Rezaei"},
			Entry{ID: 3, Object: "company", Words: "Al-Farabi Trading, O'Neil & Sons"},
			Entry{ID: 4, Object: "deal", Words: "Order 2024 for Kareem"},
			Entry{ID: 5, Object: "deal"},
		)
		for _, c := range []struct {
			text string
			want []int64
		}{
			{"reza", []int64{2, 1}}, {"REZA", []int64{2, 1}}, {"rezae", []int64{2}}, {"karim", []int64{2, 1}}, {"karimi", []int64{1}},
			{"reza karimi", []int64{1}}, {"karimi reza", []int64{1}}, {"kar rez", []int64{2, 1}}, {"teh kar re", []int64{1}},
			{"ka", []int64{4, 2, 1}}, {"kare", []int64{4}}, {"karimix", nil}, {"reza kareem", nil}, {"eza", nil}, {"karimi-reza", []int64{1}},
			{"al-farabi", []int64{3}}, {"alfarabi", []int64{3}}, {"farabi al", []int64{3}}, {"oneil", []int64{3}}, {"o'neil", []int64{3}}, {"neil", []int64{3}},
			{"2024", []int64{4}}, {"20", []int64{4}}, {"202 kar", []int64{4}}, {"۲۰۲۴", []int64{4}},
			{"k", []int64{4, 2, 1}}, {"r", []int64{2, 1}}, {"z", nil}, {"k r", []int64{2, 1}}, {"karimi x", []int64{1}}, {"x karimi", []int64{1}},
			{"", nil}, {"   ", nil}, {"!?", nil}, {"@", nil}, {"\u200c", nil},
		} {
			expect(t, d, c.text, c.want...)
		}
	})
}

func TestSpellings(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d,
			Entry{ID: 1, Object: "contact", Words: "علي كريمي"}, // Arabic letters
			Entry{ID: 2, Object: "contact", Words: "علی کریمی"},
			Entry{ID: 3, Object: "contact", Words: "علی\u200cرضا میرزایی"},
			Entry{ID: 4, Object: "contact", Words: "علی رضا یزدی"},
			Entry{ID: 5, Object: "contact", Words: "علیرضا آزاد"},
			Entry{ID: 6, Object: "company", Words: "Şəbnəm İsmayılova Bakı"},
			Entry{ID: 7, Object: "company", Words: "ISMAYIL SEBNEM"},
			Entry{ID: 8, Object: "company", Words: "Gülçöhrə Ağayeva"},
			Entry{ID: 9, Object: "company", Words: "کتاب‌خانهٔ مُلّی"},
		)
		for _, c := range []struct {
			text string
			want []int64
		}{
			{"علی کریمی", []int64{2, 1}}, {"علي كريمي", []int64{2, 1}}, {"كري", []int64{2, 1}},
			{"علی\u200cرضا", []int64{5, 4, 3}}, {"علیرضا", []int64{5, 3}}, {"علی رضا", []int64{5, 4, 3}}, {"رضا", []int64{4, 3}},
			{"علی رضا آزاد", []int64{5}}, {"ازاد علی رضا", []int64{5}}, {"علی", []int64{5, 4, 3, 2, 1}},
			{"کتابخانه", []int64{9}}, {"کتاب خانه ملی", []int64{9}}, {"خانه", []int64{9}},
			{"sebnem", []int64{7, 6}}, {"şəbnəm", []int64{7, 6}}, {"ŞƏBNƏM", []int64{7, 6}}, {"ismayil", []int64{7, 6}}, {"İSMAYIL", []int64{7, 6}},
			{"ısmayıl", []int64{7, 6}}, {"ismayilova", []int64{6}}, {"BAKI", []int64{6}}, {"bakı", []int64{6}}, {"baki", []int64{6}},
			{"gulcohre", []int64{8}}, {"agayeva gül", []int64{8}},
		} {
			expect(t, d, c.text, c.want...)
		}
	})
}

func TestFragments(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d,
			Entry{ID: 1, Object: "contact", Words: "Reza", Parts: "989121234567 reza.k@acme.ir"},
			Entry{ID: 2, Object: "contact", Words: "Sara 1234567", Parts: "994501112233 sara@mail.acme.com INV-000123"},
			Entry{ID: 3, Object: "company", Words: "Acme", Parts: "https://www.acme.ir/about IR062960000000100324200001"},
			Entry{ID: 4, Object: "company", Words: "Write to info@acme.ir", Parts: "123999456"},
		)
		for _, c := range []struct {
			text string
			want []int64
		}{
			{"1234567", []int64{2, 1}}, {"123456", []int64{2, 1}}, {"234", []int64{1}}, {"21234", []int64{1}}, {"567", []int64{1}},
			{"09121234567", []int64{1}}, {"09121", []int64{1}}, {"0912 123 45 67", []int64{1}}, {"۰۹۱۲۱۲۳", []int64{1}}, {"٠٩١٢ ١٢٣", []int64{1}},
			{"+98 912 123-4567", []int64{1}}, {"0098 912 1234567", []int64{1}}, {"(0912) 123.45.67", []int64{1}}, {"0912x", nil},
			{"050 111 22 33", []int64{2}}, {"1112233", []int64{2}}, {"123456789", nil}, {"12356", nil}, {"123 456", []int64{4, 2, 1}},
			{"@acme", []int64{1}}, {"@acme.ir", []int64{4, 1}}, {"acme", []int64{4, 3, 2, 1}}, {"reza.k", []int64{1}}, {"reza.k@acme.ir", []int64{1}},
			{"REZA.K@ACME.IR", []int64{1}}, {"reza@", nil}, {"sara@", []int64{2}}, {"mail.acme", []int64{2}}, {"info@acme.ir", []int64{4}},
			{"inv-000123", []int64{2}}, {"inv000123", []int64{2}}, {"inv 123", []int64{2}}, {"000123", []int64{2}},
			{"https://acme.ir", []int64{3, 1}}, {"www.acme.ir/about", []int64{3}}, {"IR06 2960 0000", []int64{3}}, {"ir06", []int64{3}},
			{"reza 4567", []int64{1}}, {"sara 4567", nil}, {"sara 12345", []int64{2}}, {"4567 acme", []int64{1}}, {"me", nil}, {"cme", []int64{3, 2, 1}},
		} {
			expect(t, d, c.text, c.want...)
		}
	})
}

func TestPutReplacesAndRemoveForgets(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		var many []Entry
		for i := range int64(1_200) { // more than one statement takes
			many = append(many, Entry{ID: i + 1, Object: "deal", Words: "common", Owner: 5})
		}
		put(t, d, many...)
		put(t, d, Entry{ID: 700, Object: "contact", Words: "renamed", Parts: "abcdef", Owner: 6})
		expect(t, d, "renamed", 700)
		expect(t, d, "bcde", 700)
		got, _ := find(t, d, Question{Text: "common", Limit: 2, After: 701, Objects: []string{"contact", "deal"}}, everything)
		if !slices.Equal(got, []int64{699, 698}) {
			t.Errorf("after the replacement: %v", got)
		}
		ids := make([]int64, 0, 1_199)
		for i := range int64(1_199) {
			ids = append(ids, i+1, -i) // some were never there
		}
		inTx(t, d, func(ctx context.Context, tx *db.Tx) error { return Remove(ctx, tx, ids) })
		expect(t, d, "common", 1_200)
		expect(t, d, "renamed")
		put(t, d, Entry{ID: 700, Object: "contact", Words: "back again"})
		expect(t, d, "again", 700)
		expect(t, d, "bcde")
	})
}

func TestRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d, Entry{ID: 1, Object: "deal", Words: "one"})
		for name, entries := range map[string][]Entry{
			"no key": {{ID: 0, Object: "deal"}}, "no object": {{ID: 2}}, "hostile object": {{ID: 2, Object: `a" OR "b`}}, "there already": {{ID: 1, Object: "deal"}},
			"twice": {{ID: 3, Object: "deal"}, {ID: 3, Object: "deal"}},
		} {
			if err := d.Write(t.Context(), func(tx *db.Tx) error { return Add(t.Context(), tx, entries) }); err == nil {
				t.Errorf("%s: added", name)
			}
		}
		expect(t, d, "one", 1)
		err := d.Read(t.Context(), func(r db.Querier) error {
			_, _, err := Find(t.Context(), r, Question{Text: "one", Objects: []string{"deal) OR (x"}}, everything)
			return err
		})
		if err == nil {
			t.Error("an object that is no name was asked for")
		}
		broken := errors.New("broken rule")
		err = d.Read(t.Context(), func(r db.Querier) error {
			_, _, err := Find(t.Context(), r, Question{Text: "one"}, func(context.Context, db.Querier, string, []int64) (map[int64]bool, error) {
				return nil, broken
			})
			return err
		})
		if !errors.Is(err, broken) {
			t.Errorf("got %v, want the error of the rule", err)
		}
	})
}

func TestObjects(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d, Entry{ID: 1, Object: "deal", Words: "shared name"}, Entry{ID: 2, Object: "c_deal", Words: "shared name"}, Entry{ID: 3, Object: "lead", Words: "shared name"})
		for want, objects := range map[string][]string{"[3 2 1]": nil, "[1]": {"deal"}, "[2]": {"c_deal"}, "[3 1]": {"lead", "deal"}, "[]": {"task"}} {
			for _, text := range []string{"shared", "s"} {
				if got, _ := find(t, d, Question{Text: text, Objects: objects}, everything); fmt.Sprint(got) != want {
					t.Errorf("%q in %v: %v, want %s", text, objects, got, want)
				}
			}
		}
		err := d.Read(t.Context(), func(r db.Querier) error {
			hits, _, err := Find(t.Context(), r, Question{Text: "shared"}, func(_ context.Context, _ db.Querier, object string, ids []int64) (map[int64]bool, error) {
				return map[int64]bool{2: object == "c_deal", 3: object == "deal"}, nil
			})
			if want := []Hit{{2, "c_deal"}}; !slices.Equal(hits, want) {
				t.Errorf("hits %v, want %v", hits, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// The marks are a hint: what the rules say about the record decides, and a record that moved is found again once it was put.
func TestAcl(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		owner := map[int64]int64{1: 10, 2: 20, 3: 10, 4: 30}
		entry := func(id int64) Entry {
			return Entry{ID: id, Object: "deal", Words: "rug", Owner: owner[id], Team: owner[id] + 1, Branch: 7}
		}
		add(t, d, entry(1), entry(2), entry(3), entry(4))
		asks := func(acl *Acl, rule func(int64) bool, want ...int64) {
			t.Helper()
			for _, text := range []string{"rug", "r"} {
				if got, next := find(t, d, Question{Text: text, Acl: acl}, only(rule)); !slices.Equal(got, want) || next != 0 {
					t.Errorf("%q for %v: %v next %d, want %v", text, acl, got, next, want)
				}
			}
		}
		owns := func(key int64) func(int64) bool { return func(id int64) bool { return owner[id] == key } }
		all := func(int64) bool { return true }
		asks(&Acl{Owners: []int64{10}}, all, 3, 1)
		asks(&Acl{Owners: []int64{20}, Teams: []int64{31}}, all, 4, 2)
		asks(&Acl{Branches: []int64{7}}, all, 4, 3, 2, 1)
		asks(&Acl{Branches: []int64{10}}, all)
		asks(&Acl{}, all)
		asks(&Acl{Owners: make([]int64, MaxKeys+1)}, owns(20), 2) // too many to ask for: the rules alone
		owner[3] = 20
		asks(&Acl{Owners: []int64{10}}, owns(10), 1) // the mark is stale and does not leak
		put(t, d, entry(3))
		asks(&Acl{Owners: []int64{20}}, owns(20), 3, 2) // and does not hide once it was put
		asks(&Acl{Owners: []int64{10}}, owns(10), 1)
	})
}

func TestPaging(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		const n = 3_000
		entries := make([]Entry, n)
		var common, some []int64
		for i := range entries {
			id := int64(n - i)
			entries[i] = Entry{ID: id, Object: "deal", Words: "common", Parts: fmt.Sprintf("989%09d", id)}
			common = append(common, id)
			if id%7 == 0 || id < 40 {
				entries[i].Words = "common special"
				some = append(some, id)
			}
		}
		add(t, d, entries...)
		pages := func(q Question, visible Visible) (ids []int64) {
			t.Helper()
			for range n {
				page, next := find(t, d, q, visible)
				if ids = append(ids, page...); next == 0 {
					return ids
				}
				if q.After != 0 && next >= q.After {
					t.Fatalf("%q goes on from %d after %d", q.Text, next, q.After)
				}
				q.After = next
			}
			t.Fatalf("%q does not end", q.Text)
			return nil
		}
		odd := only(func(id int64) bool { return id%2 == 1 })
		for _, c := range []struct {
			q    Question
			see  Visible
			want []int64
		}{
			{Question{Text: "common", Limit: 190}, everything, common},
			{Question{Text: "special", Limit: 7}, everything, some},
			{Question{Text: "spec com", Limit: 50}, odd, slices.DeleteFunc(slices.Clone(some), func(id int64) bool { return id%2 == 0 })},
			{Question{Text: "c", Limit: 200}, everything, common},
			{Question{Text: "98900", Limit: 200}, everything, common},
			{Question{Text: "common", Limit: 100}, only(func(id int64) bool { return id == 1 }), []int64{1}},
			{Question{Text: "common", Limit: 1}, only(func(int64) bool { return false }), nil},
		} {
			if got := pages(c.q, c.see); !slices.Equal(got, c.want) {
				t.Errorf("%q by %d: %d hits, want %d", c.q.Text, c.q.Limit, len(got), len(c.want))
			}
		}
	})
}

// A viewer who may see nothing of what is common must not make a call walk through everything.
func TestExaminedIsBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		const n = MaxExamined + 700
		entries := make([]Entry, n)
		for i := range entries {
			entries[i] = Entry{ID: int64(i + 1), Object: "deal", Words: "xylophone"}
		}
		add(t, d, entries...)
		for text, bound := range map[string]int{"xylophone": MaxExamined, "x": maxLetters} {
			asked := 0
			none := func(_ context.Context, _ db.Querier, _ string, ids []int64) (map[int64]bool, error) {
				asked += len(ids)
				return nil, nil
			}
			got, next := find(t, d, Question{Text: text}, none)
			if len(got) != 0 || next == 0 || asked < bound || asked > bound+minMatch {
				t.Errorf("%q: %d hits, next %d, %d asked, want a stop at about %d", text, len(got), next, asked, bound)
			}
			last, _ := find(t, d, Question{Text: text, After: next}, only(func(id int64) bool { return id == 1 || id == next || id == next-1 }))
			if len(last) == 0 || last[0] != next-1 {
				t.Errorf("%q goes on with %v, want %d first", text, last, next-1)
			}
		}
	})
}

func TestHostileQuestions(t *testing.T) {
	list := []string{
		`"`, `"a`, `a" OR "b`, `'`, `''`, `\`, `a\`, `abc:*`, `abc*`, `*`, `^abc`, `NEAR(abc def)`, `abc AND`, `NOT abc`, `abc NOT def`, `AND`, `-abc`, `{tokens}: abc`,
		`tokens:abc`, `abc & | ! def`, `(((abc`, `abc <-> def`, `abc%`, `%`, `_`, `___`, `_odeal`, `_u1`, `$1`, `?1`, "abc\x00def", "\xff\xfe\xfd", "a\u0301\u0302\u0303",
		strings.Repeat("a", 100_000), strings.Repeat("ab ", 50_000), strings.Repeat("(", 5_000), strings.Repeat("1 ", 500), strings.Repeat("09-", 500),
		strings.Repeat("ا ب", 300), "𝔞𝔟𝔠𝔡", "你好世界", "👩‍👩‍👧", "½⅓", "\u202eabc", "a@b@c@d", "@@@@", "@a", "a@", "....", "1.1.1.1.1.1.1.1.1.1.1.1",
	}
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d, Entry{ID: 1, Object: "deal", Words: "abc def", Parts: "abc@def.com 989121234567"})
		for _, text := range list {
			find(t, d, Question{Text: text}, everything)
		}
		for i, text := range list { // and each can be an entry
			put(t, d, Entry{ID: int64(i + 2), Object: "deal", Words: text, Parts: text})
		}
		for _, text := range list {
			find(t, d, Question{Text: text, Limit: 5}, everything)
		}
		for _, mark := range []string{"_odeal", "_u1"} { // a person cannot ask for marks
			if got, _ := find(t, d, Question{Text: mark, After: 2}, everything); got != nil {
				t.Errorf("%q found %v", mark, got)
			}
		}
	})
}

func TestNaughtyStrings(t *testing.T) {
	raw, err := os.ReadFile(testkit.Shared(t, "hostile-inputs", "naughty-strings.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(raw)) {
		var one struct{ Input string }
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one.Input)
	}
	onBoth(t, func(t *testing.T, d *db.DB) {
		entries := make([]Entry, len(list))
		for i, text := range list {
			entries[i] = Entry{ID: int64(i + 1), Object: "deal", Words: text, Parts: text}
		}
		add(t, d, entries...)
		for i, text := range list {
			asked := parse(text)
			got, _ := find(t, d, Question{Text: text, Limit: MaxLimit}, everything)
			var m maker
			row := m.row(&entries[i])
			if len(asked.clauses) > 0 && asked.fits(row.Words, row.Parts) != slices.Contains(got, int64(i+1)) {
				t.Errorf("%q: its own entry found: %v", text, slices.Contains(got, int64(i+1)))
			}
		}
	})
}

// The index must find exactly what the texts say, whatever the question.
func TestFindIsWhatTheTextsSay(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 14))
	g := &generator{r}
	entries := make([]Entry, 1_500)
	rows := make([]row, len(entries))
	var m maker
	for i := range entries {
		entries[i] = g.entry(int64(i + 1))
		rows[i] = m.row(&entries[i])
	}
	onBoth(t, func(t *testing.T, d *db.DB) {
		add(t, d, entries...)
		nonempty := 0
		for range 400 {
			text := g.question(entries[r.IntN(len(entries))])
			asked := parse(text)
			if len(asked.clauses)+len(asked.letters) == 0 {
				continue
			}
			var want []int64
			for i := len(rows) - 1; i >= 0; i-- {
				if asked.fits(rows[i].Words, rows[i].Parts) {
					want = append(want, rows[i].ID)
				}
			}
			got, _ := find(t, d, Question{Text: text, Limit: MaxLimit}, everything)
			if !slices.Equal(got, want[:min(len(want), MaxLimit)]) {
				t.Errorf("%q: %v, want %v", text, got, want)
			}
			if len(want) > 0 {
				nonempty++
			}
		}
		if nonempty < 100 {
			t.Errorf("only %d questions had an answer", nonempty)
		}
	})
}
